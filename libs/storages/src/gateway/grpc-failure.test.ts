import { Metadata, status as Status, type ServiceError } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'

import { grpcFailure, type GrpcFailureContext } from './grpc-failure.ts'

const failureOf = (code: Status, details: string, context: Partial<GrpcFailureContext> = {}) => {
  const error: ServiceError = Object.assign(new Error(`${code} ${details}`), { code, details, metadata: new Metadata() })
  return grpcFailure(error, { peer: 'gate:15610', isSecure: true, ...context })
}
/** As grpc-js 1.14 says it. */
const notConnected = (reason: string): string =>
  `round_robin: No connection established. Last error: No connection established. Last error: ${reason}. Resolution note: `
const HUNG_UP = 'Failed to connect (2026-11-21T07:24:59.482Z)'
const certificate = { accepted: () => undefined, suspect: () => 'the client certificate expired' }

describe('a connection that does not come about names the peer and the reason', () => {
  test.each<[reason: string, text: string, needsOperator: boolean, context?: Partial<GrpcFailureContext>]>([
    ['Error: connect ECONNREFUSED 10.0.0.1:15610', 'connect ECONNREFUSED 10.0.0.1:15610', false],
    [
      'Error: self-signed certificate in certificate chain; if the root CA is installed locally, try running Node.js with --use-system-ca',
      "the server's certificate comes from an authority that is not trusted here",
      true,
    ],
    ['Error: certificate has expired', "the server's certificate, or that of its authority, has expired", true],
    [
      "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b",
      "the server's certificate has another name: Host: a. is not in the cert's altnames: DNS:b",
      true,
    ],
    [
      '40C3:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../x.c:918:SSL alert number 116\n (2026-11-21T07:24:59.492Z)',
      'TLS: refused by the peer with "tlsv13 alert certificate required"',
      true,
    ],
    [
      'Error: 40C3:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../x.c:78:\n',
      'TLS: wrong version number, the peer speaks no TLS here',
      true,
    ],
    [
      '40C3:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../x.c:918:SSL alert number 42\n (2026-11-21T07:24:59.492Z)',
      'TLS: refused by the peer with "ssl/tls alert bad certificate"; the client certificate expired',
      true,
      { certificate },
    ],
    [HUNG_UP, 'the peer hung up at once', false],
    [HUNG_UP, 'the peer hung up at once; the client certificate expired', true, { certificate }],
    [HUNG_UP, 'the peer hung up at once; it may expect TLS', false, { isSecure: false }],
  ])('%j', (reason, text, needsOperator, context) => {
    expect(failureOf(Status.UNAVAILABLE, notConnected(reason), context)).toMatchObject({
      name: 'RetryableError',
      status: Status.UNAVAILABLE,
      message: `gate:15610: no connection: ${text}`,
      needsOperator,
    })
  })
})

describe('an answer', () => {
  test.each<[Status, string, object]>([
    [Status.UNAUTHENTICATED, 'unknown token', { message: 'gate:15610 answered UNAUTHENTICATED: unknown token', needsOperator: true }],
    [
      Status.PERMISSION_DENIED,
      'the token is of cluster c1',
      { message: 'gate:15610 answered PERMISSION_DENIED: the token is of cluster c1', needsOperator: true },
    ],
    [Status.UNAVAILABLE, 'Name resolution failed for target dns:gate:15610', { needsOperator: true }],
    [Status.UNAVAILABLE, 'storage prometheus is away', { name: 'RetryableError', needsOperator: false }],
    [Status.INVALID_ARGUMENT, 'bad', { name: 'PermanentError' }],
  ])('%s %s', (code, details, expected) => expect(failureOf(code, details)).toMatchObject(expected))

  test('that quotes the token does not show it, nor does its cause', () => {
    const failure = failureOf(Status.UNAUTHENTICATED, 'unknown token abcdef', { secrets: { authorization: 'Bearer abcdef' } })
    expect(failure).toMatchObject({ message: 'gate:15610 answered UNAUTHENTICATED: unknown token ***', cause: undefined })
  })
})
