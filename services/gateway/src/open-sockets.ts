import type { Server, Socket } from 'node:net'

/** Cuts every connection of a server, those too whose TLS handshake goes on, which `closeAllConnections` does not know. */
export function trackSockets(server: Server): () => void {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return () => {
    for (const socket of open) socket.destroy()
  }
}
