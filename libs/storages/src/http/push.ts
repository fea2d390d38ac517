import { PermanentError, RetryableError } from '@clymene/model'
import { connectionFailure, failureOf } from '@clymene/runtime'
import { Pool, type Dispatcher } from 'undici'

import type { Verdict } from '../verdicts.ts'

export type HttpPushOptions = {
  /** Where bodies go. User and password in it become basic authentication; they never stand in an error. */
  readonly url: URL
  /** Limit of one request, answer included, milliseconds. */
  readonly timeoutMs: number
  /** Open connections at most; further requests wait for one. */
  readonly connections: number
  /** Bytes of an error's body that are quoted. */
  readonly maxErrorBytes: number
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Knows the texts of this peer: a verdict wins over the status. */
  readonly judge?: (status: number, message: string) => Verdict
}

export type HttpPush = {
  /**
   * POSTs one body over a kept-alive connection; resolves on 2xx. Redirects are not followed.
   *
   * @throws RetryableError or PermanentError as the answer says; the signal's reason when aborted.
   */
  readonly post: (body: Buffer, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<void>
  /** Any answer below 500 proves that somebody is there: a push path refuses GET. @throws RetryableError */
  readonly check: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** The one way in which storages send bodies by HTTP. Nothing is connected before the first body. */
export function createHttpPush({ url, timeoutMs, connections, maxErrorBytes, headers, judge }: HttpPushOptions): HttpPush {
  const peer = `${url.origin}${url.pathname}`
  const path = `${url.pathname}${url.search}`
  const own = { ...headers, ...basicAuthorization(url) }
  const limits = { connectTimeout: timeoutMs, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }
  const pool = new Pool(url.origin, { connections, pipelining: 1, keepAliveTimeout: 30_000, ...limits })

  const request = async (options: Omit<Dispatcher.RequestOptions, 'path'>, signal: AbortSignal): Promise<Answer> => {
    signal.throwIfAborted()
    const limit = limitedSignal(signal, timeoutMs)
    try {
      const { statusCode, headers: received, body } = await pool.request({ ...options, path, signal: limit.signal })
      const failed = statusCode < 200 || statusCode > 299
      const message = await firstLine(body, failed ? Math.max(maxErrorBytes, JUDGED_BYTES) : 0)
      return { status: statusCode, message, retryAfter: one(received['retry-after']) }
    } catch (error) {
      signal.throwIfAborted()
      if (limit.signal.aborted) throw new RetryableError(`${peer}: no answer within ${timeoutMs} ms`, { cause: error })
      throw connectionFailure(error, peer)
    } finally {
      limit.release()
    }
  }

  return {
    post: async (body, extra, signal) => {
      const answer = await request({ method: 'POST', headers: { ...own, ...extra }, body }, signal)
      if (answer.status >= 200 && answer.status < 300) return
      const { status, message } = answer
      const verdict = judge?.(status, message)
      const failure = failureOf({ ...answer, message: message.slice(0, maxErrorBytes), peer })
      throw verdict === undefined ? failure : new PermanentError(failure.message, { status, repeatLike: verdict === 'repeat' })
    },
    check: async (signal) => {
      const answer = await request({ method: 'GET', headers: own }, signal)
      if (answer.status >= 500) throw failureOf({ ...answer, message: answer.message.slice(0, maxErrorBytes), peer })
    },
    close: () => pool.close(),
  }
}

type Answer = { readonly status: number; readonly message: string; readonly retryAfter: string | undefined }

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)

function basicAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {}
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/** Aborts with `signal` or after the limit. Listeners are taken off again: `signal` lives as long as the process. */
function limitedSignal(signal: AbortSignal, limitMs: number): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  const timer = setTimeout(() => controller.abort(new DOMException('time limit', 'TimeoutError')), limitMs)
  signal.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    },
  }
}

/** Reads the whole body, so that the connection can be used again, but keeps only the first line, cut to `maxBytes`. */
async function firstLine(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string> {
  const kept: Buffer[] = []
  let size = 0
  let drained = 0
  for await (const chunk of body) {
    const bytes: Buffer = Buffer.from(chunk)
    if (size < maxBytes) kept.push(bytes.subarray(0, maxBytes - size))
    size += Math.min(bytes.length, Math.max(maxBytes - size, 0))
    drained += bytes.length
    // Leaving the loop destroys the stream: an endless body costs a connection, not the process.
    if (drained > MAX_DRAINED_BYTES) break
  }
  return (
    Buffer.concat(kept)
      .toString()
      .trimStart()
      .split(/[\r\n]/, 1)[0] ?? ''
  ).trimEnd()
}

/** A verdict looks at so much of the text, however little of it is quoted. */
const JUDGED_BYTES = 1024
const MAX_DRAINED_BYTES = 256 * 1024
