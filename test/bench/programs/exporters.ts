/** Many targets in one process, each on a port of its own; pages are made and compressed before the first scrape. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'

import { cadvisorPage, nodePage } from '../exporter-pages.ts'
import { answerQuestions } from '../program.ts'

export type ExportersQuestion = {
  readonly targets: number
  /** Of each target. */
  readonly series: number
  /** Texts of a node-exporter at some times; every fourth target serves them, repeated, when there are any. */
  readonly nodeTexts: readonly string[]
}
/** Addresses, one for each target. */
export type ExportersAnswer = readonly string[]

const VERSIONS = 2

answerQuestions<ExportersQuestion>(async ({ targets, series, nodeTexts }): Promise<ExportersAnswer> => {
  const compressedNodePages = nodeTexts.map((text) => gzipSync(nodePage(text, series), { level: 1 }))
  const addresses: string[] = []
  for (let target = 0; target < targets; target++) {
    const isNode = target % 4 === 3 && compressedNodePages.length > 0
    const pages = isNode
      ? compressedNodePages
      : Array.from({ length: VERSIONS }, (_, version) => gzipSync(cadvisorPage({ series, target, version }), { level: 1 }))
    addresses.push(await serve(pages))
  }
  return addresses
})

async function serve(pages: readonly Buffer[]): Promise<string> {
  let scrapes = 0
  const server = createServer((request, response) => {
    const page = pages[scrapes++ % pages.length] ?? Buffer.alloc(0)
    const zipped = /gzip/.test(request.headers['accept-encoding'] ?? '')
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
    if (zipped) response.setHeader('content-encoding', 'gzip')
    response.end(zipped ? page : gunzipSync(page))
  })
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
