import { describe, expect, test } from 'vitest'

import { isOutside } from './consumer.ts'
import { failureOfCode, failureOfError } from './produce-failure.ts'

const kafkaError = (name: string, options: { readonly type?: string; readonly cause?: Error } = {}): Error =>
  Object.assign(new Error(`it is ${name}`, { cause: options.cause }), { name, type: options.type })

describe('failureOfCode', () => {
  test.each([
    { code: 3, verdict: 'metadata' },
    { code: 6, verdict: 'metadata' },
    { code: 7, verdict: 'wait' },
    { code: 10, verdict: 'split' },
    { code: 17, verdict: 'operator' },
    { code: 18, verdict: 'split' },
    { code: 19, verdict: 'wait' },
    { code: 29, verdict: 'operator' },
    { code: 32, verdict: 'operator' },
    { code: 44, verdict: 'operator' },
    { code: 87, verdict: 'permanent' },
    { code: 999, verdict: 'wait' },
  ])('$code is $verdict', ({ code, verdict }) => {
    expect(failureOfCode(code).verdict).toBe(verdict)
  })
})

describe('failureOfError', () => {
  test.each([
    { error: kafkaError('KafkaJSRequestTimeoutError'), verdict: 'hung' },
    { error: kafkaError('KafkaJSNumberOfRetriesExceeded', { cause: kafkaError('KafkaJSRequestTimeoutError') }), verdict: 'hung' },
    { error: kafkaError('KafkaJSConnectionError'), verdict: 'metadata' },
    { error: kafkaError('KafkaJSSASLAuthenticationError'), verdict: 'operator' },
    { error: Object.assign(new Error('cannot read /p: no such file'), { name: 'SASLPasswordError' }), verdict: 'operator' },
    ...[
      'Failed to connect: cannot read /ca.pem: no such file',
      "Connection error: the server's certificate comes from an authority that is not trusted here",
      'Connection error: getaddrinfo ENOTFOUND kafka',
      'Connection error: TLS: refused by the peer with "tlsv1 alert unknown ca"',
    ].map((text) => ({ error: Object.assign(new Error(text), { name: 'KafkaJSConnectionError' }), verdict: 'operator' })),
    { error: kafkaError('KafkaJSProtocolError', { type: 'TOPIC_AUTHORIZATION_FAILED' }), verdict: 'operator' },
    { error: kafkaError('KafkaJSProtocolError', { type: 'INVALID_TOPIC_EXCEPTION' }), verdict: 'operator' },
    {
      error: Object.assign(kafkaError('KafkaJSAggregateError'), {
        errors: [kafkaError('KafkaJSCreateTopicError', { type: 'POLICY_VIOLATION' })],
      }),
      verdict: 'operator',
    },
    { error: new TypeError('what'), verdict: 'metadata' },
    { error: 'text', verdict: 'metadata' },
  ])('$error is $verdict', ({ error, verdict }) => {
    expect(failureOfError(error).verdict).toBe(verdict)
  })
})

describe('isOutside: what a consumer waits for, for ever', () => {
  test.each([
    { error: kafkaError('KafkaJSConnectionError'), expected: true },
    { error: kafkaError('KafkaJSNumberOfRetriesExceeded', { cause: kafkaError('KafkaJSConnectionClosedError') }), expected: true },
    { error: kafkaError('KafkaJSGroupCoordinatorNotFound'), expected: true },
    { error: kafkaError('KafkaJSProtocolError', { type: 'UNKNOWN_TOPIC_OR_PARTITION' }), expected: true },
    { error: kafkaError('KafkaJSProtocolError', { type: 'GROUP_AUTHORIZATION_FAILED' }), expected: true },
    { error: kafkaError('LostContactError'), expected: true },
    { error: kafkaError('SASLPasswordError'), expected: true },
    { error: kafkaError('KafkaJSProtocolError', { type: 'INCONSISTENT_GROUP_PROTOCOL' }), expected: false },
    { error: new TypeError('a bug'), expected: false },
    { error: new Error('nothing was fetched'), expected: false },
  ])('$error: $expected', ({ error, expected }) => {
    expect(isOutside(error)).toBe(expected)
  })
})
