import { createServer, request as forward, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { connect, createServer as createSilent, type AddressInfo, type Server as NetServer, type Socket } from 'node:net'

import { issue } from '../testing/certificates.ts'

export const authority = issue('authority')
const { cert, key } = issue('server', { by: authority, dnsNames: ['localhost'], addresses: ['127.0.0.1'] })

const closing: (() => Promise<unknown>)[] = []
/** Only for tests: something that is closed by {@link closeAll}. */
export function closeLater<T extends { readonly destroy: () => Promise<unknown> }>(opened: T): T {
  closing.push(() => opened.destroy())
  return opened
}
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close()
}

async function listening(server: NetServer): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => undefined).once('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of open) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what listening on TCP gives
  return (server.address() as AddressInfo).port
}

export const startPlain = async (answer: RequestListener): Promise<string> => `http://127.0.0.1:${await listening(createServer(answer))}`
export const startTls = async (answer: RequestListener): Promise<string> =>
  `https://127.0.0.1:${await listening(createTlsServer({ cert, key }, answer))}`
/** Speaks HTTP/2 only. */
export const startHttp2 = async (): Promise<string> =>
  `https://127.0.0.1:${await listening(
    createSecureServer({ cert, key }, (request, response) => response.end(`HTTP/${request.httpVersion}`)).on(
      'sessionError',
      () => undefined,
    ),
  )}`

/** Only for tests: a proxy that says what it was asked. `refuse` is the status of its answer to everything. */
export async function startProxy({ tls = false, refuse = 0 } = {}) {
  const asked: string[] = []
  const note = ({ method, url, headers }: IncomingMessage): void => {
    const more = ['proxy-authorization', 'x-more'].flatMap((name) => headers[name] ?? [])
    asked.push([method, url, headers.host, ...more].join(' '))
  }
  const answer: RequestListener = (request, response) => {
    note(request)
    if (refuse > 0) {
      response.writeHead(refuse).end()
      return
    }
    const { 'proxy-authorization': _, ...headers } = request.headers
    forward(request.url ?? '', { method: request.method, headers }, (found) => {
      response.writeHead(found.statusCode ?? 0, found.headers)
      found.pipe(response)
    }).end()
  }
  const server: Server = tls ? createTlsServer({ cert, key }, answer) : createServer(answer)
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request)
    socket.on('error', () => undefined)
    if (refuse > 0) {
      socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`)
      return
    }
    const { hostname, port } = new URL(`http://${request.url}`)
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
  })
  const port = await listening(server)
  return { asked, host: `127.0.0.1:${port}`, url: `http${tls ? 's' : ''}://127.0.0.1:${port}` }
}

/** Only for tests: takes connections and never says a word. */
export const startSilent = async (): Promise<string> => `http://127.0.0.1:${await listening(createSilent())}`
