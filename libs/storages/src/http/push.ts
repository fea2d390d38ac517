import { errorMessage, PermanentError, RetryableError } from '@clymene/model'
import {
  basicCredentials,
  connectionFailure,
  createClientCertificate,
  createRenewed,
  failureOf,
  hideSecrets,
  NO_ACCESS,
  type HttpAccess,
} from '@clymene/runtime'
import { REFUSED_HEADER } from '@clymene/wire'
import { Pool, type Dispatcher } from 'undici'

import { refusedRecords } from '../gateway/refused.ts'
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
  /** Credentials, further headers and TLS, asked again for every request and connection. */
  readonly access?: HttpAccess
  /** Knows the texts of this peer: a verdict wins over the status. */
  readonly judge?: (status: number, message: string) => Verdict
}

export type HttpPush = {
  /**
   * POSTs one body over a kept-alive connection; resolves on 2xx. Redirects are not followed.
   *
   * @param records how many samples or entries the body has, when it is one message and the peer a gateway of ours: then it may name those that it refused.
   * @throws RetryableError or PermanentError as the answer says; the signal's reason when aborted.
   */
  readonly post: (body: Buffer, headers: Readonly<Record<string, string>>, signal: AbortSignal, records?: number) => Promise<void>
  /** An answer below 500, but for 401, proves that somebody is there who knows us: a push path refuses GET. @throws RetryableError */
  readonly check: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** The one way in which storages send bodies by HTTP. Nothing is connected before the first body. */
export function createHttpPush({
  url,
  timeoutMs,
  connections,
  maxErrorBytes,
  headers,
  access = NO_ACCESS,
  judge,
}: HttpPushOptions): HttpPush {
  const peer = `${url.origin}${url.pathname}`
  const path = `${url.pathname}${url.search}`
  const ofUrl = basicAuthorization(url)
  const limits = { connectTimeout: timeoutMs, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }
  const certificate = access.certificate ?? (url.protocol === 'https:' ? createClientCertificate({}) : undefined)
  const pools = createRenewed({
    tls: access.tls,
    open: (tls) => {
      const connect = tls === undefined ? {} : { connect: { ...tls, timeout: timeoutMs } }
      // Over HTTP/2 all requests would share the fate of one connection, and a refused handshake loses its reason.
      return new Pool(url.origin, { allowH2: false, connections, pipelining: 1, keepAliveTimeout: 30_000, ...limits, ...connect })
    },
    close: (pool) => pool.close(),
  })

  const secretHeaders = (): Readonly<Record<string, string>> => {
    try {
      return { ...ofUrl, ...access.headers() }
    } catch (error) {
      // A file of a secret that is away or wrong: it may come back.
      throw new RetryableError(`${peer}: ${errorMessage(error)}`, { cause: error, needsOperator: true })
    }
  }

  const request = async ({ method, body: sent, extra }: Sent, signal: AbortSignal): Promise<Answer> => {
    signal.throwIfAborted()
    const secrets = secretHeaders()
    const limit = limitedSignal(signal, timeoutMs)
    try {
      const options = { method, path, headers: { ...headers, ...extra, ...secrets }, body: sent, signal: limit.signal }
      return await pools.use(async (pool) => {
        const { statusCode, headers: received, body } = await pool.request(options)
        certificate?.accepted()
        const failed = statusCode < 200 || statusCode > 299
        const text = await beginning(body, failed ? Math.max(maxErrorBytes, JUDGED_BYTES) + SECRET_BYTES : 0)
        const message = firstLine(hideSecrets(text, secrets)).slice(0, maxErrorBytes)
        return {
          status: statusCode,
          text: firstLine(text),
          message,
          retryAfter: one(received['retry-after']),
          refused: one(received[REFUSED_HEADER]),
        }
      })
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof RetryableError) throw error
      if (limit.signal.aborted) throw new RetryableError(`${peer}: no answer within ${timeoutMs} ms`, { cause: error })
      throw connectionFailure(error, peer, certificate)
    } finally {
      limit.release()
    }
  }

  return {
    post: async (body, extra, signal, records) => {
      const answer = await request({ method: 'POST', body, extra }, signal)
      const { status, text } = answer
      if (status >= 200 && status < 300) return
      const verdict = judge?.(status, text)
      const failure = failureOf({ ...answer, peer })
      if (verdict === 'operator' || (status === 400 && TLS_ANSWERS.test(text))) {
        throw new RetryableError(failure.message, { status, needsOperator: true })
      }
      if (verdict === undefined && !(failure instanceof PermanentError)) throw failure
      const refused = refusedRecords(answer.refused, records, failure.message)
      throw new PermanentError(failure.message, { status, refused, repeatLike: verdict === 'repeat' })
    },
    check: async (signal) => {
      const answer = await request({ method: 'GET', body: null, extra: {} }, signal)
      if (answer.status >= 500 || answer.status === 401) throw failureOf({ ...answer, peer })
    },
    close: pools.close,
  }
}

type Sent = { readonly method: 'GET' | 'POST'; readonly body: Buffer | null; readonly extra: Readonly<Record<string, string>> }

type Answer = {
  readonly status: number
  /** First line of what it says. */
  readonly text: string
  /** So much of it as an error may quote, without secrets. */
  readonly message: string
  readonly retryAfter: string | undefined
  readonly refused: string | undefined
}

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)

function basicAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {}
  return { authorization: basicCredentials(decodeURIComponent(username), decodeURIComponent(password)) }
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

/**
 * What servers answer with 400 though it is not about the body: Go's to a request without TLS; nginx' to that, and to a client
 * certificate that is missing or that it does not accept.
 */
const TLS_ANSWERS =
  /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|required SSL certificate was sent|SSL certificate error/

/** Reads the whole body, so that the connection can be used again, but keeps only its beginning. */
async function beginning(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string> {
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
  return Buffer.concat(kept).toString()
}

/** The first line of a text; of a page in HTML, which proxies answer with, its title. */
function firstLine(text: string): string {
  const title = /^\s*<(?:!doctype html|html)[^]*?<title>([^<]*)<\/title>/i.exec(text)?.[1]
  return ((title ?? text).trimStart().split(/[\r\n]/, 1)[0] ?? '').trimEnd()
}

/** A verdict looks at so much of the text, however little of it is quoted. */
const JUDGED_BYTES = 1024
/** Read beyond what is shown: a secret that is cut would not be known for one. */
const SECRET_BYTES = 4096
const MAX_DRAINED_BYTES = 256 * 1024
