import type { Readable } from 'node:stream'

import { errorMessage } from '@clymene/model'
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { AdminRequest } from './admin-access.ts'
import { aborted } from './process.ts'

export type PageRequest = {
  readonly query: URLSearchParams
  /** The header of this name, for links that name the host. */
  readonly host: string
}

export type PageReply = {
  /** Default 200. */
  readonly status?: number
  /** The Content-Type. */
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
  /** What is large is streamed; a stream that fails ends the connection. */
  readonly body: string | Readable
}

/** Answers a GET. One that rejects, or takes longer than 20 s to begin, is 503 with the reason. */
export type PageAnswer = (request: PageRequest, signal: AbortSignal) => Promise<PageReply>

const ANSWER_MS = 20_000

/** Sends what is served under the path of the request; false when nothing is. HEAD is answered as GET, another method by 405. */
export function servePage(
  pages: ReadonlyMap<string, PageAnswer>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> | undefined {
  const [path, query] = splitUrl(request.url)
  const answer = pages.get(path)
  if (answer === undefined) return undefined
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return Promise.resolve(
      reply
        .code(405)
        .header('allow', 'GET, HEAD')
        .send({ error: `${path} takes GET` }),
    )
  }
  return send(answer, { query: new URLSearchParams(query), host: request.headers.host ?? '' }, reply)
}

/** Does what a POST asks for. It is asked with who wants it, and refuses by its reply. One that rejects is 500. */
export type AdminAction = (request: AdminRequest) => Promise<PageReply>

/** Does what is served under the path of the request; undefined when nothing is. Another method than POST is answered by 405. */
export function doAction(
  actions: ReadonlyMap<string, AdminAction>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> | undefined {
  const [path] = splitUrl(request.url)
  const action = actions.get(path)
  if (action === undefined) return undefined
  if (request.method !== 'POST') {
    return Promise.resolve(
      reply
        .code(405)
        .header('allow', 'POST')
        .send({ error: `${path} takes POST` }),
    )
  }
  const peer = { remoteAddress: request.socket.remoteAddress, authorization: request.headers.authorization }
  return action(peer).then(({ status = 200, type, headers = {}, body }) => reply.code(status).type(type).headers(headers).send(body))
}

/** What `answer` gives as JSON. */
export const jsonPage =
  (answer: (signal: AbortSignal) => Promise<unknown>): PageAnswer =>
  async (_request, signal) => ({ type: JSON_TYPE, body: JSON.stringify(await answer(signal)) ?? 'null' })

export const JSON_TYPE = 'application/json; charset=utf-8'

async function send(answer: PageAnswer, request: PageRequest, reply: FastifyReply): Promise<unknown> {
  // What is seen here is of this moment, and never anything but what its type says.
  reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const late = aborted(signal).then(() => Promise.reject(new Error(`no answer within ${ANSWER_MS / 1000} s`)))
    const { status = 200, type, headers = {}, body } = await Promise.race([answer(request, signal), late])
    // A text would get a charset beside the type that was said.
    return reply
      .code(status)
      .type(type)
      .headers(headers)
      .send(typeof body === 'string' ? Buffer.from(body) : body)
  } catch (error) {
    return reply.code(503).send({ error: errorMessage(error) })
  }
}

function splitUrl(url: string): readonly [path: string, query: string] {
  const at = url.indexOf('?')
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}
