import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createLogSource, positionsPathFor, type LogSourceOptions } from './log-source.ts'
import { readLogConfigs } from './read-configs.ts'

let folder = ''
let end: (() => Promise<void>) | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-logs-'))
})
afterEach(async () => {
  await end?.()
  end = undefined
  rmSync(folder, { recursive: true })
})

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })

/** A configuration of one job over one file, with further labels. */
function configOf(file: string, labels = ''): string {
  writeFileSync(join(folder, file), `a line of ${file}\n`)
  return `positions: {filename: ${folder}/${file}.positions}
scrape_configs: [{job_name: j, static_configs: [{labels: {__path__: ${folder}/${file}${labels}}}]}]`
}

function start(texts: readonly string[], options: Partial<LogSourceOptions> = {}) {
  const lines: string[] = []
  const streams = new Set<string>()
  const stop = new AbortController()
  const running = createLogSource({
    logConfigs: readLogConfigs(
      texts.map((text) => ({ path: 'p.yml', text })),
      context,
    ),
    logLabels: [],
    logBatch: { bytes: 1024, waitMs: 5 },
    cluster: '',
    streams: 1,
    positionsPath: (config) => positionsPathFor(config, 'loki', true),
    ...context,
    ...options,
  }).run(({ body, stream }) => {
    streams.add(stream)
    for (const { entries } of decodePushRequest(body)) lines.push(...entries.map(({ line }) => line))
    return Promise.resolve()
  }, stop.signal)
  end = async () => {
    stop.abort()
    await running
  }
  return { lines, streams, end }
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 })

test('reads the files of all configurations, each with positions of its own', async () => {
  const { lines, end: finish } = start([configOf('a.log'), configOf('b.log')])
  await eventually(() => expect(lines.toSorted()).toEqual(['a line of a.log', 'a line of b.log']))
  await finish()
  for (const file of ['a.log', 'b.log']) expect(readFileSync(join(folder, `${file}.positions`), 'utf8')).toContain(`${folder}/${file}`)
})

describe('targets of another host are left to the agent there', () => {
  test.each<[name: string, options: Partial<LogSourceOptions>, own: string]>([
    ['by the name of this machine', {}, hostname()],
    ['by the name of the node, where it is told', { hostName: 'node-1' }, 'node-1'],
  ])('%s', async (_name, options, own) => {
    const { lines } = start([configOf('theirs.log', ', __host__: node-2'), configOf('own.log', `, __host__: ${own}`)], options)
    await eventually(() => expect(lines).toContain('a line of own.log'))
    expect(lines).toEqual(['a line of own.log'])
  })
})

test('two configurations send streams of their own, so that neither overtakes the other within one', async () => {
  const { lines, streams } = start([configOf('a.log'), configOf('b.log')])
  await eventually(() => expect(lines).toHaveLength(2))
  expect(streams.size).toBe(2)
})

test.each([
  ['the only storage has the file that is configured', true, '/p.yml'],
  ['one of several has its own', false, '/p.yml.loki'],
])('positions: %s', (_name, isOnly, expected) => {
  const [config] = readLogConfigs([{ path: 'p.yml', text: 'positions: {filename: /p.yml}' }], context)
  expect(positionsPathFor(config!, 'loki', isOnly)).toBe(expected)
})
