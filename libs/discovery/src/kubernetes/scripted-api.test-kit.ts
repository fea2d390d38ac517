import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Json } from './json.ts'

export type Asked = {
  readonly method: string
  readonly contentType: string | undefined
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  /** Begins a watch: the head of the answer and these events. */
  readonly watch: (...events: readonly object[]) => void
  /** Further events. */
  readonly send: (...events: readonly object[]) => void
  /** Ends the answer as it should end. */
  readonly end: () => void
  /** Ends the connection. */
  readonly cut: () => void
  /** Answers as a whole. */
  readonly answer: (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void
  readonly response: ServerResponse
}

export type ScriptedApi = {
  readonly url: string
  /** All requests so far. */
  readonly asked: readonly Asked[]
  readonly close: () => Promise<void>
}

/** An HTTP server that answers the n-th request, from 0, as `answer` says: for faults that a real API server does not show on demand. */
export async function startScriptedApi(answer: (asked: Asked, index: number) => void): Promise<ScriptedApi> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://api')
    const send = (...events: readonly object[]): void => void response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
    const one: Asked = {
      method: request.method ?? '',
      contentType: request.headers['content-type'],
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      watch: (...events) => {
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
        if (events.length > 0) send(...events)
      },
      send,
      end: () => void response.end(),
      cut: () => void response.destroy(),
      answer: (status, body, headers = {}) =>
        void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body)),
      response,
    }
    asked.push(one)
    answer(one, asked.length - 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A pod with an address; `version` is its resourceVersion. */
export const podNamed = (name: string, version: string, status: Json = {}): Json => ({
  metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion: version },
  spec: { containers: [{ name: 'c' }] },
  status: { podIP: '1.1.1.1', phase: 'Running', ...status },
})

export const added = (name: string, version: string, status?: Json) => ({ type: 'ADDED', object: podNamed(name, version, status) })
export const modified = (name: string, version: string, status?: Json) => ({ type: 'MODIFIED', object: podNamed(name, version, status) })
export const deleted = (name: string, version: string) => ({ type: 'DELETED', object: podNamed(name, version) })
export const bookmark = (version: string) => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion: version } } })
/** The end of the list in a streaming list. */
export const listEnd = (version: string) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: version, annotations: { 'k8s.io/initial-events-end': 'true' } } },
})
export const statusOf = (code: number, reason: string, message: string, details: Json = {}) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message,
  details,
})
export const errorEvent = (...status: Parameters<typeof statusOf>) => ({ type: 'ERROR', object: statusOf(...status) })
