import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A page that was given out whole; its number is the value of every series on it. */
export type Page = { readonly path: string; readonly number: number; readonly atMs: number }

/** A target of numbered pages: `/counted` leaves the time to who scrapes it, `/stamped` says it. */
export type Exporter = {
  readonly address: string
  readonly pages: readonly Page[]
  /** From now on who asks for a page waits for ever. */
  readonly hold: () => void
  /** Paths that nobody asked for since: who asks has done with the page before. */
  readonly notAskedFor: () => readonly string[]
  readonly close: () => Promise<void>
}

export const EXPORTED_SERIES = 10
export const EXPORTED_PATHS = ['/counted', '/stamped'] as const

export async function startExporter(): Promise<Exporter> {
  const pages: Page[] = []
  const numbers = new Map<string, number>()
  let isHeld = false
  const waiting = new Set<string>()
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    if (isHeld) {
      waiting.add(path)
      return
    }
    const number = (numbers.get(path) ?? 0) + 1
    numbers.set(path, number)
    const atMs = Date.now()
    pages.push({ path, number, atMs })
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(pageOf(number, path === '/stamped' ? ` ${atMs}` : ''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    pages,
    hold: () => {
      isHeld = true
    },
    notAskedFor: () => EXPORTED_PATHS.filter((path) => !waiting.has(path)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const pageOf = (number: number, time: string): string =>
  `# TYPE chaos_pages_total counter\n${Array.from({ length: EXPORTED_SERIES }, (_, index) => `chaos_pages_total{shard="${index}"} ${number}${time}\n`).join('')}`
