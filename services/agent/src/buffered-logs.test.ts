import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createBufferedLogs } from './buffered-logs.ts'
import { readLogConfigs } from './read-configs.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
let folder = ''
let end = new AbortController()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-buffered-'))
  end = new AbortController()
})
afterEach(() => {
  end.abort()
  rmSync(folder, { recursive: true })
})

const read = (...texts: readonly string[]) =>
  readLogConfigs(
    texts.map((text, index) => ({ path: `p${index}.yml`, text: `positions: {filename: ${folder}/positions.yaml}\n${text}` })),
    context,
  )

function start(...texts: readonly string[]) {
  const stdin = new PassThrough()
  const sent: string[] = []
  const journalctl = join(folder, 'journalctl')
  writeFileSync(journalctl, `#!/bin/sh\necho "$*" >> ${folder}/asked\nexec sleep 3600\n`)
  chmodSync(journalctl, 0o755)
  const source = createBufferedLogs({
    logConfigs: read(...texts),
    logLabels: [['env', 'e']],
    logBatch: { bytes: 100_000, waitMs: 5 },
    cluster: 'c',
    streams: 1,
    folder: join(folder, 'journal'),
    journalctl,
    stdin,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  const run = source.run(async ({ body, stream }) => {
    for (const { labels, entries } of decodePushRequest(body))
      sent.push(...entries.map(({ line }) => `${stream} ${labels.map((pair) => pair.join('=')).join(',')} ${line}`))
  }, end.signal)
  const asked = (): number => (existsSync(`${folder}/asked`) ? readFileSync(`${folder}/asked`, 'utf8').trim().split('\n').length : 0)
  return { stdin, sent, source, run, asked }
}
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 })

const STDIN = 'target_config: {stdin: true}\nscrape_configs: [{job_name: j, static_configs: [{labels: {job: a}}]}]'
const JOURNAL = 'scrape_configs: [{job_name: j, journal: {}}]'

test('standard input gets the labels of every line, and its end is the end; over a reload it goes on where it was', async () => {
  const { stdin, sent, source, run } = start(STDIN)
  stdin.write('one\ntw')
  await eventually(() => expect(sent).toEqual(['stdin cluster=c,env=e,job=a one']))
  source.reload(read(STDIN.replace('job: a', 'job: b')))
  stdin.end('o\n')
  await run
  expect(sent.at(-1)).toBe('stdin cluster=c,env=e,job=b two')
  expect(stdin.destroyed).toBe(true)
})

test('without anything to read it waits for a reload, and a stop ends it', async () => {
  const { source, run, asked } = start('')
  source.reload(read(JOURNAL))
  await eventually(() => expect(asked()).toBe(1))
  source.reload(read(''))
  end.abort()
  await run
})

test('jobs of the journal are begun anew when one of them changed, and only then', async () => {
  const { source, run, asked } = start(JOURNAL)
  await eventually(() => expect(asked()).toBe(1))
  source.reload(read(`${JOURNAL}\nserver: {http_listen_port: 9080}`))
  source.reload(read(JOURNAL.replace('{}', '{max_age: 1h}')))
  await eventually(() => expect(asked()).toBe(2))
  end.abort()
  await run
  expect(asked()).toBe(2)
})
