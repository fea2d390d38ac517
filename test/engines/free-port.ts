import { createServer } from 'node:net'

/**
 * Below the range that the system takes source ports from: nothing else gets such a port by chance while its engine is
 * down between a stop and a restart.
 */
const LOWEST = 20_000
const HIGHEST = 32_000
const given = new Set<number>()

/** A loopback TCP port that nobody listens on; never the same one twice in a process. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
  throw new Error(`no free TCP port between ${LOWEST} and ${HIGHEST}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
