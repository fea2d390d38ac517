import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

export type ReceivedRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type HttpReceiver = {
  readonly url: string
  readonly port: number
  readonly requests: readonly ReceivedRequest[]
  /** Connections that were opened so far. */
  readonly connections: () => number
  readonly stop: () => Promise<void>
}

/** A real HTTP server on a free port that keeps what it gets; `answer` decides, 204 when it leaves the response open. */
export async function startHttpReceiver(
  answer: (request: ReceivedRequest, response: ServerResponse) => void = (_, r) => void r.writeHead(204).end(),
  /** Present: it speaks TLS. */
  tls?: ServerOptions,
): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = []
  let connections = 0
  const receive = (incoming: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      const request = { method, path: url, headers, body: Buffer.concat(chunks) }
      requests.push(request)
      answer(request, response)
    })
  }
  const server = tls === undefined ? createServer(receive) : createTlsServer(tls, receive)
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
