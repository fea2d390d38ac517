import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { decodePushRequest, decompress } from '@clymene/wire'

/** A line as it came, with its labels. */
export type ReceivedLine = { readonly labels: Readonly<Record<string, string>>; readonly line: string }

/** Takes what is pushed to Loki, and keeps it in order. */
export async function startLinesSink() {
  const lines: ReceivedLine[] = []
  const server = createServer((request, response) => {
    // Somebody asks whether it is ready.
    if (request.method !== 'POST') {
      response.end('ready')
      return
    }
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      for (const { labels, entries } of decodePushRequest(decompress(Buffer.concat(parts), MAX_BYTES)))
        lines.push(...entries.map(({ line }) => ({ labels: Object.fromEntries(labels), line })))
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/loki/api/v1/push`,
    lines: (): readonly ReceivedLine[] => lines,
    /** Labels of the lines with this text, one for each time it came. */
    labelsOf: (line: string) => lines.flatMap((one) => (one.line === line ? [one.labels] : [])),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const MAX_BYTES = 16 * 1024 * 1024
