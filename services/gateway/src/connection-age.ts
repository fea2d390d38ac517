import type { FastifyInstance } from 'fastify'

/**
 * Answers with `connection: close` on connections older than `maxAgeMs`, varied by 10% so that many that came together do
 * not go together. A sender then connects anew and may reach another replica.
 */
export function closeAgedConnections(server: FastifyInstance, maxAgeMs: number, now: () => number = () => performance.now()): void {
  if (maxAgeMs === 0) return
  const closeAt = new WeakMap<object, number>()
  // A TLS request stands on the socket of `secureConnection`, a plain one on that of `connection`.
  for (const event of ['connection', 'secureConnection']) {
    server.server.on(event, (socket: object) => void closeAt.set(socket, now() + maxAgeMs * (0.9 + Math.random() * 0.2)))
  }
  server.addHook('onSend', (request, reply, _payload, done) => {
    const at = closeAt.get(request.raw.socket)
    if (at !== undefined && now() > at) void reply.header('connection', 'close')
    done()
  })
}
