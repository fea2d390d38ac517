import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'

export type KubeletServerOptions = {
  readonly address: string
  readonly certificate: string
  readonly key: string
  /** Whoever shows a certificate of this authority may read; without one it is 401. */
  readonly clientAuthority: string
  /** The answer to a GET; undefined: 404. */
  readonly page: (url: URL) => string | undefined
}

export const KUBELET_PORT = 10_250

/** The kubelet's read-only side over TLS, for the API server's node proxy. */
export function serveKubelet({ address, certificate, key, clientAuthority, page }: KubeletServerOptions): Promise<void> {
  const tls = {
    cert: readFileSync(certificate),
    key: readFileSync(key),
    ca: readFileSync(clientAuthority),
    requestCert: true,
    rejectUnauthorized: false,
  }
  const server = createServer(tls, ({ socket, url = '/' }, response) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what an https server hands over
    if (!(socket as TLSSocket).authorized) return void response.writeHead(401).end('Unauthorized')
    const text = page(new URL(url, 'https://kubelet'))
    if (text === undefined) return void response.writeHead(404).end('404 page not found')
    return void response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(text)
  })
  // As a kubelet: a connection that the API server keeps is not closed under its hands.
  server.keepAliveTimeout = 0
  return new Promise((resolve) => server.listen(KUBELET_PORT, address, () => resolve()))
}
