import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { root } from './commands.ts'

const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8')
const operate = page('operate.md')
const performance = page('performance.md')

/** A row of a table of performance.md: its cells, without bold. */
const cellsOf = (text: string, row: string): readonly string[] => {
  const line = text.split('\n').find((one) => new RegExp(`^\\| ${row} +\\|`).test(one)) ?? ''
  return line
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim())
}
const number = (text: string | undefined): number => Number((text ?? '').replaceAll(',', '').replace(/ .*/, ''))

/** Samples, or megabytes of lines, that a CPU-second takes. */
const RATES = {
  agent: number(cellsOf(performance, '`clymene agent`')[0]),
  gateway: number(cellsOf(performance, 'gateway → Kafka')[0]),
  prometheus: number(cellsOf(performance, 'Kafka → sink')[0]),
  elasticsearch: number(cellsOf(performance, 'Kafka → Elasticsearch')[0]),
  loki: number(cellsOf(performance, 'Kafka → Loki')[0]),
}
const SERIES = 100_000
const SAMPLES = SERIES / 15
const LOG_MEGABYTES = 0.2
const DAY = 86_400

describe('the worked table follows from what was measured', () => {
  test.each<[row: string, ofOneCluster: number, scales: boolean]>([
    ['samples/s', SAMPLES, true],
    ['agents: cores, all clusters', SAMPLES / 1e6 / RATES.agent, true],
    ["an agent's memory, MB", 142 + (0.64 * SERIES) / 1000, false],
    ["an agent's buffer for an hour, MB", (SAMPLES * 35 * 3600) / 1e6, false],
    ['gateways: cores', SAMPLES / 1e6 / RATES.gateway, true],
    ['ingester to Prometheus: cores', SAMPLES / 1e6 / RATES.prometheus, true],
    ['ingester to Elasticsearch: cores', SAMPLES / 1e6 / RATES.elasticsearch, true],
    ['ingester to Loki: cores', LOG_MEGABYTES / RATES.loki, true],
    ['Kafka, metrics: GB a day and copy', (SAMPLES * 46 * DAY) / 1e9, true],
    ['Kafka, logs: GB a day and copy, before compression', (LOG_MEGABYTES * DAY) / 1000, true],
  ])('%s', (row, ofOneCluster, scales) => {
    const cells = cellsOf(operate, row).map(number)
    expect(cells).toHaveLength(3)
    for (const [place, clusters] of [1, 10, 50].entries()) {
      const expected = ofOneCluster * (scales ? clusters : 1)
      expect(Math.abs((cells[place] ?? 0) / expected - 1), `${row}: ${cells[place]} for ${expected}`).toBeLessThan(0.15)
    }
  })
})

test('memory of an agent: the line through what was measured', () => {
  const [first, second, slope] = cellsOf(performance.slice(performance.indexOf('Memory when each series')), '`clymene agent`').map(number)
  expect(slope).toBeCloseTo(640, -2)
  // Megabytes: a tenth of the smaller one is nothing to plan with.
  expect(Math.abs((first ?? 0) - (142 + (0.64 * 100_000) / 1000))).toBeLessThan(20)
  expect(Math.abs((second ?? 0) - (142 + (0.64 * 1_000_000) / 1000))).toBeLessThan(20)
})

const metrics = new Set([...page('metrics.md').matchAll(/^\| `(clymene_\w+)`/gm)].map(([, name]) => name))

/** Of Go Clymene's the left column says. */
const columnOf = (text: string): string => text.replaceAll(/^\|[^|]*\|/gm, '')

test.each([
  ['operate.md', operate],
  ['migrate.md', columnOf(page('migrate.md'))],
])('metrics that %s names are metrics of ours', (_name, text) => {
  const named = [...text.matchAll(/`(clymene_\w+)`/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(7)
  expect(named.filter((name) => !metrics.has(name))).toEqual([])
})

const flags = new Set([...page('flags.md').matchAll(/^\| `--(\S+?)`/gm)].map(([, name]) => name))

test.each([
  ['operate.md', operate],
  ['migrate.md', columnOf(page('migrate.md'))],
])('flags that %s names are flags of ours', (_name, text) => {
  const named = [...text.matchAll(/`--([a-z][\w.-]*[\w])[=`]/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(10)
  const ofOthers = ['write-kustomization', 'config.file', 'overrides']
  expect(named.filter((name) => !flags.has(name) && !ofOthers.includes(name))).toEqual([])
})
