import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'

import { issue } from '@clymene/runtime/testing'

export const authority = issue('authority')
export const otherAuthority = issue('other authority')
/** Of `localhost` and 127.0.0.1. */
export const serverCertificate = issue('server', { by: authority, dnsNames: ['localhost'], addresses: ['127.0.0.1'] })

/** Only for tests: an HTTPS server on a free loopback port. */
export async function startTlsExporter(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end('a 1\n'),
  options: ServerOptions = {},
) {
  const server = createServer({ cert: serverCertificate.cert, key: serverCertificate.key, ...options }, answer)
  const connections = { opened: 0, resumed: 0, open: 0 }
  server.on('secureConnection', (socket: TLSSocket) => {
    connections.opened++
    connections.open++
    if (socket.isSessionReused()) connections.resumed++
    socket.once('close', () => connections.open--)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what listening on TCP gives
  const { port } = server.address() as AddressInfo
  return {
    origin: `https://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    connections,
    show: ({ cert, key }: { readonly cert: string; readonly key: string }): void => server.setSecureContext({ cert, key }),
    close: async (): Promise<void> => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What `answer` may send: the name in the client's certificate. */
export function clientName({ socket }: IncomingMessage): string {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of an HTTPS server
  const { subject } = (socket as TLSSocket).getPeerCertificate()
  return String(subject?.CN ?? '')
}
