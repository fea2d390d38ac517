import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { decodePushRequest, decodeWriteRequest, decompress } from '@clymene/wire'

export type Receiver = {
  readonly url: string
  /** Series as `name{job}` and lines, as they came. */
  readonly received: string[]
  /** Tenants of the requests with lines. */
  readonly tenants: Set<string>
  readonly close: () => Promise<void>
}

/** Stands for Prometheus at `/api/v1/write`, for Loki at `/loki/api/v1/push`, and for a target anywhere else. */
export async function startReceiver(page = 'one 1\n'): Promise<Receiver> {
  const received: string[] = []
  const tenants = new Set<string>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.method !== 'POST') return response.setHeader('content-type', 'text/plain; version=0.0.4').end(page)
      const body = decompress(Buffer.concat(chunks), 1024 * 1024)
      if (request.url === '/loki/api/v1/push') tenants.add(String(request.headers['x-scope-orgid'] ?? ''))
      if (request.url === '/loki/api/v1/push')
        for (const { entries } of decodePushRequest(body)) received.push(...entries.map(({ line }) => line))
      else for (const { labels } of decodeWriteRequest(body)) received.push(`${valueOf(labels, '__name__')}{${valueOf(labels, 'job')}}`)
      return response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    tenants,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const valueOf = (labels: readonly (readonly [string, string])[], name: string): string =>
  labels.find(([label]) => label === name)?.[1] ?? ''
