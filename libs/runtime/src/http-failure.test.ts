import { PermanentError, RetryableError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { connectionFailure, failureOf, parseRetryAfter } from './http-failure.ts'

describe('failureOf', () => {
  test.each([400, 413, 422])('%d is permanent', (status) => {
    const failure = failureOf({ status, message: 'bad', peer: 'http://s' })
    expect(failure).toBeInstanceOf(PermanentError)
    expect(failure.message).toBe(`http://s answered ${status}: bad`)
  })
  test.each([
    [301, true],
    [401, true],
    [403, true],
    [404, true],
    [405, true],
    [408, false],
    [409, false],
    [418, false],
    [429, false],
    [500, false],
    [503, false],
  ])('%d is retryable, needs the operator: %s', (status, needsOperator) => {
    const failure = failureOf({ status, message: '', peer: 'http://s' })
    expect(failure).toBeInstanceOf(RetryableError)
    expect(failure).toMatchObject({ status, needsOperator, message: `http://s answered ${status}` })
  })
})

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  test.each([
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['3', 3000],
    ['Thu, 01 Jan 2026 00:00:07 GMT', 7000],
    ['Thu, 01 Jan 2025 00:00:07 GMT', 0],
    ['999999', 600_000],
  ])('%s', (text, expected) => expect(parseRetryAfter(text, now)).toBe(expected))
})

const coded = (code: string) => Object.assign(new Error(`connect ${code}`), { code })

describe('connectionFailure', () => {
  test.each([
    ['ECONNREFUSED', false],
    ['UND_ERR_SOCKET', false],
    ['ENOTFOUND', true],
    ['EAI_AGAIN', true],
  ])('%s needs the operator: %s', (code, needsOperator) => {
    const failure = connectionFailure(new TypeError('fetch failed', { cause: new AggregateError([coded(code)]) }), 'loki')
    expect(failure).toMatchObject({ needsOperator, message: `loki: connect ${code}` })
  })

  test('a certificate needs the operator, and is told in words', () => {
    const failure = connectionFailure(new TypeError('fetch failed', { cause: coded('CERT_HAS_EXPIRED') }), 'loki')
    expect(failure).toMatchObject({
      needsOperator: true,
      message: "loki: the server's certificate, or that of its authority, has expired",
    })
  })

  test('a file that cannot be used is told with its path, and needs the operator', () => {
    const cause = Object.assign(new Error("ENOENT: no such file or directory, stat '/t'"), { code: 'ENOENT' })
    const error = new Error('fetch failed', { cause: new Error('cannot read /t: no such file', { cause }) })
    expect(connectionFailure(error, 'loki')).toMatchObject({ needsOperator: true, message: 'loki: cannot read /t: no such file' })
  })

  const certificate = { accepted: () => undefined, suspect: () => 'the certificate expired' }
  test('an alert of the peer tells the certificate that it is about', () => {
    const error = new Error('0:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../x.c:918:SSL alert number 42')
    expect(connectionFailure(error, 'loki', certificate)).toMatchObject({
      needsOperator: true,
      message: 'loki: TLS: refused by the peer with "ssl/tls alert bad certificate"; the certificate expired',
    })
  })

  test.each([
    ['UND_ERR_SOCKET', true],
    ['ECONNRESET', true],
    ['ECONNREFUSED', false],
  ])('a peer that hangs up with %s may mind the client certificate: %s', (code, isSuspect) => {
    const message = `loki: connect ${code}${isSuspect ? '; the certificate expired' : ''}`
    expect(connectionFailure(coded(code), 'loki', certificate)).toMatchObject({ needsOperator: isSuspect, message })
  })
})
