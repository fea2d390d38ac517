import { appendFileSync, existsSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { RetryableError, type Kind, type Sink, type Source } from '@clymene/model'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import type { StorageTarget } from '@clymene/storages'

import { assembleAgent } from '../assemble.ts'
import { lineBatch } from './batches.ts'
import { recordsOf } from './fake-sink.ts'

/*
 * An agent whose source cannot be read again, until it is killed (buffered-lines.test.ts): each event has a number, which is said on stdout
 * when the agent has taken it. The storage is the file `stored` of the folder, a line each; it is away while there is a file `away`.
 *
 *     node event-agent.ts <folder> <first number>
 */
const [, , folder = '', first = '0'] = process.argv

const source: Source = {
  run: async (emit, signal) => {
    for (let number = Number(first); !signal.aborted; number++) {
      await emit(lineBatch([`event ${number}`]), signal)
      writeSync(1, `${number}\n`)
    }
  },
}
const sink: Sink = {
  write: async (deliveries) => {
    if (existsSync(join(folder, 'away'))) throw new RetryableError('away')
    appendFileSync(
      join(folder, 'stored'),
      deliveries
        .flatMap(recordsOf)
        .map((line) => `${line}\n`)
        .join(''),
    )
    await Promise.resolve()
  },
}
const sinks = new Map<Kind, readonly StorageTarget[]>([['logs', [{ storage: 'loki', sink, storesParts: false }]]])
const agent = await assembleAgent({
  agentId: 'a',
  cluster: 'c',
  tenant: '',
  streams: 1,
  scrapeConfigs: [],
  logConfigs: [],
  logLabels: [],
  logBatch: { bytes: 1024, waitMs: 1000 },
  logBackoff: {},
  bufferedSources: [source],
  buffer: {
    directory: join(folder, 'buffer'),
    maxBytes: 64 * 1024 * 1024,
    maxAgeMs: 3_600_000,
    full: 'expire',
    // A kill takes nothing that was written, synced or not.
    fsyncIntervalMs: 1000,
    drainTimeoutMs: 0,
  },
  sinks,
  host: {
    logger: silentLogger,
    metrics: createMetrics(),
    readiness: createReadiness(),
    version: { version: '0', buildTime: '' },
  },
})
await agent.run(new AbortController().signal)
