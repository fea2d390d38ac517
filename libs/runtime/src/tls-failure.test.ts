import { describe, expect, test } from 'vitest'

import { isTlsFailure, tlsReason } from './tls-failure.ts'

const openssl = (reason: string): string =>
  `40C3CF211A7F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${reason}:../deps/x.c:918:SSL alert number 116\n`

describe('tlsReason', () => {
  test.each([
    [openssl('tlsv13 alert certificate required'), 'TLS: refused by the peer with "tlsv13 alert certificate required"'],
    [openssl('sslv3 alert certificate expired'), 'TLS: refused by the peer with "sslv3 alert certificate expired"'],
    [openssl('tlsv1 alert unknown ca'), 'TLS: refused by the peer with "tlsv1 alert unknown ca"'],
    [openssl('wrong version number'), 'TLS: wrong version number, the peer speaks no TLS here'],
    [openssl('unsupported protocol'), 'TLS: unsupported protocol'],
    ['self-signed certificate', 'self-signed certificate'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('%s', (text, expected) => expect(tlsReason(text)).toBe(expected))
})

describe('isTlsFailure', () => {
  test.each([
    openssl('tlsv1 alert unknown ca'),
    'self-signed certificate in certificate chain',
    'unable to verify the first certificate',
    'certificate has expired',
    "Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b",
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])('%s', (text) => expect(isTlsFailure(text)).toBe(true))

  test.each(['connect ECONNREFUSED 127.0.0.1:1', 'other side closed', 'read ECONNRESET', 'getaddrinfo ENOTFOUND host', ''])(
    'not %s',
    (text) => expect(isTlsFailure(text)).toBe(false),
  )
})
