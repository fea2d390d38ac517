import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, expect, test } from 'vitest'

import { createLogSource } from './log-source.ts'
import { readLogConfigs } from './read-configs.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-log-source-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('two configurations send streams of their own, so that neither overtakes the other within one', async () => {
  const host = { logger: silentLogger, metrics: createMetrics() }
  const texts = ['a', 'b'].map((name) => {
    writeFileSync(join(directory, `${name}.log`), `line of ${name}\n`)
    const labels = `{job: ${name}, __path__: '${join(directory, `${name}.log`)}'}`
    return {
      path: `${name}.yml`,
      text: `positions: {filename: ${join(directory, `${name}.yaml`)}}\nscrape_configs: [{job_name: ${name}, static_configs: [{targets: [localhost], labels: ${labels}}]}]`,
    }
  })
  const source = createLogSource({
    logConfigs: readLogConfigs(texts, host),
    logLabels: [],
    logBatch: { bytes: 1024, waitMs: 10 },
    cluster: 'c1',
    streams: 1,
    positionsPath: ({ positionsPath }) => positionsPath,
    ...host,
  })
  const stop = new AbortController()
  const streams = new Set<string>()
  await source.run(async ({ stream }) => {
    streams.add(stream)
    if (streams.size === 2) stop.abort()
  }, stop.signal)
  expect(streams.size).toBe(2)
})
