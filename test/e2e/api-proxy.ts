import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type ApiProxy = {
  readonly url: string
  /** Ends every connection and takes no other; resolves when all of them are closed. */
  readonly cut: () => Promise<void>
  readonly mend: () => void
  readonly close: () => Promise<void>
}

/** A way to a server on 127.0.0.1 that can be cut. */
export async function startApiProxy(url: string): Promise<ApiProxy> {
  const port = Number(new URL(url).port)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) {
      client.destroy()
      return
    }
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port: own } = server.address() as AddressInfo
  const cut = async (): Promise<void> => {
    isCut = true
    const open = [...sockets].filter((socket) => !socket.closed)
    const closed = open.map((socket) => once(socket, 'close'))
    for (const socket of open) socket.destroy()
    await Promise.all(closed)
  }
  return {
    url: `https://127.0.0.1:${own}`,
    cut,
    mend: () => void (isCut = false),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await cut()
      await closed
    },
  }
}
