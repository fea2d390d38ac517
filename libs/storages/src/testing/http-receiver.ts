import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceivedRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type HttpReceiver = {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** Connections that were opened so far. */
  readonly connections: () => number
  readonly stop: () => Promise<void>
}

/** A real HTTP server on a free port that keeps what it gets; `answer` decides, 204 when it leaves the response open. */
export async function startHttpReceiver(
  answer: (request: ReceivedRequest, response: ServerResponse) => void = (_, r) => void r.writeHead(204).end(),
): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = []
  let connections = 0
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      const request = { method, path: url, headers, body: Buffer.concat(chunks) }
      requests.push(request)
      answer(request, response)
    })
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
