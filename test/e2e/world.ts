import { appendFileSync, mkdirSync, renameSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** A target whose every scrape gives the next number: what was served has to be in every store. */
export type CountedTarget = {
  readonly address: string
  /** How many times it was scraped; values 1 to this were given out. */
  readonly served: () => number
  /** Answers 503 from now on: what was served stays what it is. */
  readonly refuse: () => void
  readonly close: () => Promise<void>
}

export async function startCountedTarget(): Promise<CountedTarget> {
  let served = 0
  let refusing = false
  const server = createServer((_request, response) => {
    if (refusing) return void response.writeHead(503).end()
    served++
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(
      `# TYPE counted_total counter\ncounted_total{shape="plain"} ${served}\ncounted_total{shape="exposed",cluster="own"} ${served}\n`,
    )
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an object
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    served: () => served,
    refuse: () => {
      refusing = true
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** A log file of numbered lines in the container runtime's format, rotated by rename every so many lines as the kubelet does. */
export function createNumberedLog(directory: string, linesPerFile: number) {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, '0.log')
  let written = 0
  return {
    path,
    written: () => written,
    write: (count: number): void => {
      for (let index = 0; index < count; index++) {
        if (written > 0 && written % linesPerFile === 0)
          renameSync(path, `${path}.${new Date().toISOString().replaceAll(/[^0-9]/g, '')}-${written}`)
        written++
        appendFileSync(path, `${new Date().toISOString().replace('Z', '000000Z')} stdout F line ${written}\n`)
      }
    },
  }
}

/** `line 7` → 7 */
export const numberOf = (line: string): number => Number(/^line (\d+)$/.exec(line)?.[1])

export const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

export const sorted = (numbers: Iterable<number>): number[] => [...numbers].toSorted((a, b) => a - b)
