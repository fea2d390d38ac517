import type { Readable } from 'node:stream'

import {
  authorizedRequest,
  createHttpAccess,
  hideSecrets,
  openConnections,
  parseRetryAfter,
  type HttpAccess,
  type HttpAccessOptions,
} from '@clymene/runtime'
import type { Dispatcher } from 'undici'

import { apiError } from './api-error.ts'
import { isJson, type Json } from './json.ts'

/** Where the API is and how to prove who asks. */
export type ApiAccess = {
  /** With a path when the API does not begin at the root. */
  readonly url: string
  readonly http: HttpAccessOptions
}

export type ApiTimeouts = {
  readonly connectMs: number
  readonly headersMs: number
  /** A connection that says nothing for so long is dead. Servers send a bookmark about once a minute. */
  readonly silenceMs: number
}

export const API_TIMEOUTS: ApiTimeouts = { connectMs: 10_000, headersMs: 60_000, silenceMs: 180_000 }

export type ApiServer = {
  /**
   * The body of a GET that was answered with 200. Redirects are not followed: the credentials are for this server.
   *
   * @throws ApiError when it was refused; another error when a file cannot be read or nobody answered.
   */
  readonly get: (path: string, query: URLSearchParams, signal: AbortSignal) => Promise<Readable>
  /** The object that it answered a write of `object` with, 200 or 201. @throws as `get` */
  readonly write: (method: 'POST' | 'PUT', path: string, object: Json, signal: AbortSignal) => Promise<Json>
  readonly close: () => Promise<void>
}

const MAX_ERROR_BYTES = 64 * 1024

/**
 * Speaks to one API server over kept connections.
 *
 * @param current the access as it is now, the same object until it changes. @throws Error saying why there is none
 */
export function createApiServer(current: () => ApiAccess, timeouts: ApiTimeouts = API_TIMEOUTS): ApiServer {
  let used: { readonly access: ApiAccess; readonly client: Client } | undefined
  const closing = new Set<Promise<void>>()

  const clientOf = (access: ApiAccess): Client => {
    if (used?.access === access) return used.client
    const former = used?.client
    used = { access, client: openClient(access, timeouts) }
    if (former !== undefined) {
      const closed = former.connections.close().catch(() => undefined)
      closing.add(closed)
      void closed.finally(() => closing.delete(closed))
    }
    return used.client
  }

  const request = async (
    { method, target, sent }: { readonly method: 'GET' | 'POST' | 'PUT'; readonly target: string; readonly sent?: string },
    signal: AbortSignal,
  ): Promise<Readable> => {
    const access = current()
    const { connections, shown } = clientOf(access)
    const base = new URL(access.url)
    const send = (credentials: Readonly<Record<string, string>>) =>
      connections.request({
        origin: base.origin,
        path: `${base.pathname.replace(/\/$/, '')}${target}`,
        method,
        headers: {
          ...credentials,
          accept: 'application/json',
          'user-agent': 'Clymene',
          ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(sent === undefined ? {} : { body: sent }),
        signal,
      })
    const { response, secrets } = await authorizedRequest(shown, send, signal)
    const { statusCode, body, headers } = response
    if (statusCode === 200 || (statusCode === 201 && method !== 'GET')) return body
    // A server may quote what it was sent.
    const text = hideSecrets(await readStart(body, MAX_ERROR_BYTES), secrets)
    const retryAfter = headers['retry-after']
    throw apiError(statusCode, parsed(text), text, parseRetryAfter(retryAfter?.toString(), Date.now()))
  }

  return {
    get: (path, query, signal) => request({ method: 'GET', target: `${path}?${query.toString()}` }, signal),
    write: async (method, path, object, signal) =>
      readObject(await request({ method, target: path, sent: JSON.stringify(object) }, signal)),
    close: async () => {
      await used?.client.connections.destroy()
      await Promise.all(closing)
    },
  }
}

type Client = { readonly connections: Dispatcher; readonly shown: HttpAccess }

function openClient({ http }: ApiAccess, { connectMs, headersMs, silenceMs }: ApiTimeouts): Client {
  const access = createHttpAccess(http)
  // Every watch takes a connection for minutes: over one HTTP/2 connection a single lost packet would hold all of them.
  const { tls, proxy } = access
  const limits = { connectTimeoutMs: connectMs, headersTimeout: headersMs, bodyTimeout: silenceMs }
  return { connections: openConnections({ tls, proxy, http2: false }, limits), shown: access }
}

const MAX_OBJECT_BYTES = 4 * 1024 * 1024

/** One object. @throws Error when the body is something else or too large. */
export async function readObject(body: Readable): Promise<Json> {
  const object = parsed(await readStart(body, MAX_OBJECT_BYTES))
  if (!isJson(object)) throw new Error('expected an object in JSON')
  return object
}

async function readStart(body: Readable, most: number): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  // Bodies of undici give Buffers.
  const chunks: AsyncIterable<Buffer> = body
  for await (const chunk of chunks) {
    parts.push(chunk)
    length += chunk.length
    if (length >= most) break
  }
  return Buffer.concat(parts).toString('utf8', 0, most)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
