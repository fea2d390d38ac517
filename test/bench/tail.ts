import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createStaticDiscoverer, parseStaticConfig } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { createFileSource } from '@clymene/sources'
import { parseStages } from '@clymene/stages'

const LINES = 1_000_000
const LINES_PER_WRITE = 10_000

/** CRI lines of 180 bytes, two streams, stage `cri`, read from one file into batches of 1 MiB that are thrown away. */
export async function benchTail(): Promise<{ unit: 'bytes'; count: number; cpuSeconds: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-bench-tail-'))
  try {
    const bytes = writeLines(join(folder, '0.log'))
    const started = process.cpuUsage()
    const entries = await tail(folder)
    const { user, system } = process.cpuUsage(started)
    if (entries !== LINES) throw new Error(`${LINES} lines were written and ${entries} handed over`)
    return { unit: 'bytes', count: bytes, cpuSeconds: (user + system) / 1e6 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function tail(folder: string): Promise<number> {
  const stop = new AbortController()
  let entries = 0
  const source = createFileSource({
    jobs: [
      {
        name: 'bench',
        discoverers: [
          createStaticDiscoverer(
            parseStaticConfig(
              [{ targets: ['localhost'], labels: { __path__: `${folder}/*.log`, namespace: 'shop', pod: 'web-0' } }],
              'bench',
            ),
          ),
        ],
        relabel: [],
        pipeline: parseStages([{ cri: {} }], 'bench'),
      },
    ],
    positionsPath: join(folder, 'positions.yaml'),
    externalLabels: [['cluster', 'bench']],
    logger: silentLogger,
    metrics: createMetrics(),
  })
  await source.run((batch) => {
    entries += batch.records
    if (entries === LINES) stop.abort()
    return Promise.resolve()
  }, stop.signal)
  return entries
}

function writeLines(path: string): number {
  const file = openSync(path, 'w')
  let bytes = 0
  for (let first = 0; first < LINES; first += LINES_PER_WRITE) {
    const lines = Array.from({ length: LINES_PER_WRITE }, (_, index) => lineOf(first + index))
    bytes += writeSync(file, lines.join(''))
  }
  closeSync(file)
  return bytes
}

function lineOf(index: number): string {
  const time = new Date(1_704_067_200_000 + index / 10).toISOString().replace('Z', `${String(index % 1_000_000).padStart(6, '0')}Z`)
  const head = `${time} ${index % 8 === 0 ? 'stderr' : 'stdout'} F level=info request=${index} `
  return `${head.padEnd(179, 'abcdefghij ')}\n`
}
