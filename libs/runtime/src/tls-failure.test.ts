import { describe, expect, test } from 'vitest'

import { isTlsFailure, tlsReason } from './tls-failure.ts'

const openssl = (reason: string): string =>
  `40C3CF211A7F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${reason}:../deps/x.c:918:SSL alert number 116\n`

const NODE_ADVICE = '; if the root CA is installed locally, try running Node.js with --use-system-ca'

describe('tlsReason', () => {
  test.each([
    [openssl('tlsv13 alert certificate required'), 'TLS: refused by the peer with "tlsv13 alert certificate required"'],
    [openssl('sslv3 alert certificate expired'), 'TLS: refused by the peer with "sslv3 alert certificate expired"'],
    [openssl('tlsv1 alert unknown ca'), 'TLS: refused by the peer with "tlsv1 alert unknown ca"'],
    [openssl('wrong version number'), 'TLS: wrong version number, the peer speaks no TLS here'],
    [openssl('unsupported protocol'), 'TLS: unsupported protocol'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('%s', (text, expected) => expect(tlsReason(text)).toBe(expected))

  const UNKNOWN = "the server's certificate comes from an authority that is not trusted here"
  test.each([
    ['CERT_HAS_EXPIRED', 'certificate has expired', "the server's certificate, or that of its authority, has expired"],
    ['CERT_NOT_YET_VALID', 'certificate is not yet valid', "the server's certificate is not valid yet"],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', "the server's certificate is signed by itself and not trusted here"],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', UNKNOWN],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', `unable to verify the first certificate${NODE_ADVICE}`, UNKNOWN],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', `unable to get local issuer certificate${NODE_ADVICE}`, UNKNOWN],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      "Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b",
      "the server's certificate has another name: Host: a. is not in the cert's altnames: DNS:b",
    ],
  ])('%s, with its code and by its text alone', (code, text, expected) => {
    expect(tlsReason(text, code)).toBe(expected)
    expect(tlsReason(text)).toBe(expected)
  })

  const OTHER_ADDRESS = "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: "
  test.each([
    ['a certificate without an address', OTHER_ADDRESS, '', 'it has no address'],
    ['a certificate with others', `${OTHER_ADDRESS}10.0.0.1, 10.0.0.2`, '', 'it has 10.0.0.1, 10.0.0.2'],
    ['a certificate whose names are known', OTHER_ADDRESS, 'DNS:localhost, DNS:b', 'it has DNS:localhost, DNS:b'],
  ])('an address: %s', (_what, text, has, said) => {
    const expected = `the server's certificate has another name: asked for as 127.0.0.1, ${said}`
    expect(tlsReason(text, 'ERR_TLS_CERT_ALTNAME_INVALID', has)).toBe(expected)
  })

  test('no advice about starting Node reaches an operator, whatever else is said', () => {
    expect(tlsReason(`some new refusal${NODE_ADVICE}`)).toBe('some new refusal')
  })
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
