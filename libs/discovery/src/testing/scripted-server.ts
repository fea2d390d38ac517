import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ServerAsked = {
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** For an answer at a later time, or none. */
  readonly response: ServerResponse
}

/** 'hang' and a promise that never resolves give no answer; 'cut' closes the connection. */
export type Scripted =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | 'hang'
  | 'cut'

export type ScriptedServer = {
  /** Without a slash at the end; of a socket just a name. */
  readonly url: string
  readonly asked: readonly ServerAsked[]
  /** How many requests wait for an answer. */
  readonly hanging: () => number
  /** Answers those that wait by closing their connections. */
  readonly cutHanging: () => void
  readonly close: () => Promise<void>
}

/** An HTTP server on a free port or a unix socket that answers as `answer` says; a body that is no text is sent as JSON. */
export async function startScriptedServer(
  answer: (asked: ServerAsked) => Scripted | Promise<Scripted>,
  socketPath?: string,
): Promise<ScriptedServer> {
  const asked: ServerAsked[] = []
  const hanging = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://server')
    const one = { path: url.pathname, query: url.searchParams, headers: request.headers, response }
    asked.push(one)
    hanging.add(response)
    response.on('close', () => hanging.delete(response))
    void Promise.resolve(answer(one)).then((scripted) => send(response, scripted))
  })
  const where = socketPath === undefined ? { port: 0, host: '127.0.0.1' } : { path: socketPath }
  await new Promise<void>((resolve) => server.listen(where, resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has an AddressInfo
  const port = socketPath === undefined ? (server.address() as AddressInfo).port : 0
  return {
    url: socketPath === undefined ? `http://127.0.0.1:${port}` : 'http://socket',
    asked,
    hanging: () => hanging.size,
    cutHanging: () => {
      for (const response of hanging) response.destroy()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function send(response: ServerResponse, scripted: Scripted): void {
  if (scripted === 'hang' || response.destroyed) return
  if (scripted === 'cut') {
    response.destroy()
    return
  }
  const { status = 200, headers = {}, body = '' } = scripted
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
}
