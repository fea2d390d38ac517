import { PermanentError, RetryableError } from '@clymene/model'
import { afterEach, describe, expect, test } from 'vitest'

import { startHttpReceiver, type HttpReceiver } from '../testing/http-receiver.ts'
import type { Verdict } from '../verdicts.ts'
import { createHttpPush, type HttpPush, type HttpPushOptions } from './push.ts'

const open: { close?: HttpPush['close']; stop?: HttpReceiver['stop'] }[] = []
afterEach(async () => {
  for (const { close, stop } of open.splice(0)) {
    await stop?.()
    await close?.()
  }
})

type Answer = Parameters<typeof startHttpReceiver>[0]

async function start(answer?: Answer, options: Partial<HttpPushOptions> = {}) {
  const receiver = await startHttpReceiver(answer)
  const push = createHttpPush({
    url: new URL('/push?x=1', receiver.url),
    timeoutMs: 5000,
    connections: 2,
    maxErrorBytes: 20,
    headers: { 'user-agent': 'Clymene/1' },
    ...options,
  })
  open.push({ close: push.close, stop: receiver.stop })
  return { receiver, push }
}

const never = new AbortController().signal
const body = Buffer.from('hello')
const failure = (writing: Promise<void>): Promise<unknown> =>
  writing.then(
    () => 'stored',
    (error: unknown) => error,
  )

describe('createHttpPush', () => {
  test('posts the bytes with own and further headers, over kept connections', async () => {
    const { receiver, push } = await start()
    for (let count = 0; count < 5; count++) await push.post(body, { 'x-scope-orgid': 't' }, never)
    expect(receiver.requests).toHaveLength(5)
    expect(receiver.requests[0]).toMatchObject({
      method: 'POST',
      path: '/push?x=1',
      body,
      headers: { 'user-agent': 'Clymene/1', 'x-scope-orgid': 't', 'content-length': '5' },
    })
    expect(receiver.connections()).toBeLessThanOrEqual(2)
  })

  test('never opens more connections than allowed', async () => {
    const { receiver, push } = await start((_, response) => setImmediate(() => response.writeHead(200).end('ok')))
    await Promise.all(Array.from({ length: 20 }, () => push.post(body, {}, never)))
    expect(receiver.connections()).toBeLessThanOrEqual(2)
  })

  const answers: [number, 'permanent' | 'retryable', boolean][] = [
    [302, 'retryable', true],
    [400, 'permanent', false],
    [401, 'retryable', true],
    [404, 'retryable', true],
    [408, 'retryable', false],
    [413, 'permanent', false],
    [422, 'permanent', false],
    [429, 'retryable', false],
    [500, 'retryable', false],
    [503, 'retryable', false],
  ]
  test.each(answers)('%d is %s (needs the operator: %s)', async (status, kind, needsOperator) => {
    const { push } = await start((_, response) => response.writeHead(status, { 'retry-after': '7', location: '/x' }).end())
    const error = await failure(push.post(body, {}, never))
    expect(error).toBeInstanceOf(kind === 'permanent' ? PermanentError : RetryableError)
    expect(error).toMatchObject(kind === 'permanent' ? { status, repeatLike: false } : { status, needsOperator, retryAfterMs: 7000 })
  })

  test('quotes the first line of the answer, cut, and never the password', async () => {
    const { receiver } = await start((_, response) => response.writeHead(500).end('\none two three four five six\nseven'))
    const secret = createHttpPush({
      url: new URL(receiver.url.replace('//', '//joe:s%65cret@')),
      timeoutMs: 5000,
      connections: 1,
      maxErrorBytes: 20,
      headers: {},
    })
    open.push(secret)
    const error = await failure(secret.post(body, {}, never))
    expect(String(error)).toBe(`RetryableError: ${receiver.url}/ answered 500: one two three four f`)
    expect(receiver.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('joe:secret').toString('base64')}`)
  })

  const verdicts: [Verdict, object][] = [
    ['repeat', { name: 'PermanentError', repeatLike: true }],
    ['refused', { name: 'PermanentError', repeatLike: false }],
    ['operator', { name: 'RetryableError', needsOperator: true }],
    [undefined, { name: 'RetryableError', needsOperator: false }],
  ]
  test.each(verdicts)('a verdict on the whole text wins over the status: %s', async (verdict, expected) => {
    const { push } = await start((_, response) => response.writeHead(500).end('too old sample'), {
      judge: (status, message) => (status === 500 && message === 'too old sample' ? verdict : 'repeat'),
      maxErrorBytes: 3,
    })
    const error = await failure(push.post(body, {}, never))
    expect(error).toMatchObject({ ...expected, status: 500, message: expect.stringMatching(/answered 500: too$/) })
  })

  const tlsAnswers: [string, string][] = [
    ['Go without TLS', 'Client sent an HTTP request to an HTTPS server.\n'],
    ['nginx without TLS', '<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n'],
    ['nginx without certificate', '<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n'],
    ['nginx with an unknown one', '<html>\r\n<head><title>400 The SSL certificate error</title></head>\r\n'],
  ]
  test.each(tlsAnswers)('400 that is about TLS says nothing about the body: %s', async (_, text) => {
    const { push } = await start((_request, response) => response.writeHead(400).end(text), { maxErrorBytes: 200 })
    const error = await failure(push.post(body, {}, never))
    expect(error).toMatchObject({ name: 'RetryableError', status: 400, needsOperator: true })
    expect(String(error)).toContain(/<title>(.*)<\/title>/.exec(text)?.[1] ?? text.trim())
  })

  test('an answer of any length is not kept', async () => {
    const { push } = await start((_, response) => response.writeHead(500).end(Buffer.alloc(4 * 1024 * 1024, 'x')))
    expect(await failure(push.post(body, {}, never))).toMatchObject({ message: expect.stringMatching(/: x{20}$/) })
  })

  test('nobody there is retryable, no connection is left', async () => {
    const { receiver, push } = await start()
    await receiver.stop()
    expect(await failure(push.post(body, {}, never))).toMatchObject({ name: 'RetryableError', needsOperator: false })
    expect(await failure(push.check(never))).toMatchObject({ name: 'RetryableError' })
  })

  test('a connection that is cut is retryable', async () => {
    const { push } = await start((_, response) => response.destroy())
    expect(await failure(push.post(body, {}, never))).toMatchObject({ name: 'RetryableError', status: undefined })
  })

  test('a storage that does not answer is retryable after the time limit', async () => {
    const { push } = await start(() => undefined, { timeoutMs: 50 })
    expect(await failure(push.post(body, {}, never))).toMatchObject({
      name: 'RetryableError',
      message: expect.stringContaining('no answer within 50 ms'),
    })
  })

  test('an answer that never ends is retryable after the time limit', async () => {
    const { push } = await start((_, response) => void response.writeHead(500).write('x'), { timeoutMs: 50 })
    expect(await failure(push.post(body, {}, never))).toMatchObject({ name: 'RetryableError' })
  })

  test('an abort ends a request with the reason of the signal', async () => {
    const stop = new AbortController()
    const { push } = await start(() => stop.abort(new Error('stopped')))
    expect(await failure(push.post(body, {}, stop.signal))).toBe(stop.signal.reason)
    expect(await failure(push.post(body, {}, stop.signal))).toBe(stop.signal.reason)
  })

  test('check takes any answer below 500 but 401', async () => {
    let status = 405
    const { push } = await start((_, response) => response.writeHead(status).end())
    await push.check(never)
    status = 401
    await expect(push.check(never)).rejects.toMatchObject({ needsOperator: true, message: expect.stringContaining('answered 401') })
    status = 503
    await expect(push.check(never)).rejects.toThrow('answered 503')
  })
})
