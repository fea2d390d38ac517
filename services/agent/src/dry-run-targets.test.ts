import { createDiscoveryContext } from '@clymene/discovery'
import type { Discoverer } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import type { ScrapeJob } from '@clymene/sources'
import { describe, expect, test } from 'vitest'

import { dryRunTargets, type DryRunTargetsOptions } from './dry-run-targets.ts'
import { readScrapeConfigs } from './read-configs.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const jobsOf = (...lines: readonly string[]): readonly ScrapeJob[] =>
  readScrapeConfigs([{ path: 'c.yml', text: ['scrape_configs:', ...lines].join('\n') }], {}, context).flatMap(({ jobs }) => jobs)

/** What is printed, and the error at the end. */
async function run(jobs: readonly ScrapeJob[], options: Partial<DryRunTargetsOptions> = {}, signal = new AbortController().signal) {
  let text = ''
  const print = (more: string): Promise<void> => Promise.resolve(void (text += more))
  const error = await dryRunTargets({ jobs, waitMs: 10_000, print, ...options }, signal).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { lines: text.split('\n').slice(0, -1), error }
}

const withDiscoverers = (job: ScrapeJob | undefined, ...discoverers: readonly Discoverer[]): ScrapeJob => ({ ...job!, discoverers })

test('targets by URL with their labels, then what the rules drop and which one', async () => {
  const jobs = jobsOf(
    '  - job_name: j',
    '    metrics_path: /m',
    '    params: {module: [http], token: [hush]}',
    '    static_configs: [{targets: [b:1, a:1, c:1, a:1], labels: {env: prod}}]',
    '    relabel_configs: [{target_label: zone, replacement: z}, {source_labels: [__address__], regex: c.*, action: drop}]',
    '  - {job_name: empty}',
  )
  const { lines, error } = await run(jobs)
  expect(error).toBeUndefined()
  expect(lines.slice(0, 2)).toEqual(
    ['a:1', 'b:1'].map(
      (address) => `target\tj\thttp://${address}/m?module=http&token=<secret>\t{env="prod", instance="${address}", job="j", zone="z"}`,
    ),
  )
  expect(lines.slice(2)).toEqual([
    expect.stringMatching(/^dropped\tj\trelabel_configs\[1\] .*drop.*\t\{__address__="c:1", .*env="prod", job="j"\}$/),
    'empty\tempty\tevery discovery has spoken, no targets',
  ])
  expect(lines.join('\n')).not.toContain('hush')
})

test('each target is of one of several agents', async () => {
  const jobs = jobsOf(
    '  - job_name: j',
    `    static_configs: [{targets: [${Array.from({ length: 30 }, (_, index) => `a:${index}`).join(', ')}]}]`,
  )
  const runs = await Promise.all([0, 1, 2].map((index) => run(jobs, { shard: { index, count: 3 } })))
  const own = runs.map(({ lines }) => lines.filter((line) => line.startsWith('target\t')))
  expect(own.flat().toSorted()).toEqual((await run(jobs)).lines.toSorted())
  expect(own.every((lines) => lines.length > 0)).toBe(true)
  expect(runs.map(({ lines }) => lines.filter((line) => line.startsWith('other-shard\t')).length)).toEqual(
    own.map((lines) => 30 - lines.length),
  )
})

describe('ends with an error, for an exit status of 1', () => {
  test('when a target cannot be scraped', async () => {
    const jobs = jobsOf(
      '  - job_name: j',
      '    static_configs: [{targets: [a:1, b:1]}]',
      '    relabel_configs: [{source_labels: [__address__], regex: b.*, target_label: __scrape_timeout__, replacement: 5h}]',
    )
    const { lines, error } = await run(jobs)
    expect(lines.map((line) => line.split('\t').slice(0, 3))).toEqual([
      ['target', 'j', 'http://a:1/metrics'],
      ['refused', 'j', '__scrape_timeout__ 5h is longer than __scrape_interval__ 1m'],
    ])
    expect(error).toMatchObject({ name: 'ExitError', message: 'dry run: 0 discoveries are missing, 1 targets cannot be scraped' })
  })

  test('when discovery tells nothing in time, or breaks', async () => {
    const [job] = jobsOf('  - job_name: j')
    const silent: Discoverer = { run: (_update, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())) }
    const broken: Discoverer = { run: () => Promise.reject(new Error('no such host')) }
    const { lines, error } = await run([withDiscoverers(job, silent, broken)], { waitMs: 20 })
    expect(lines.toSorted()).toEqual(['missing\tj\tno such host', 'missing\tj\tnothing was discovered within 0.02 s'])
    expect(error).toMatchObject({ message: 'dry run: 2 discoveries are missing, 0 targets cannot be scraped' })
  })

  test('when rights are missing', async () => {
    const { lines, error } = await run(jobsOf('  - job_name: j'), { refusals: () => ['pods: 403'] })
    expect(lines).toEqual(['empty\tj\tevery discovery has spoken, no targets', 'missing\t\tpods: 403'])
    expect(error).toMatchObject({ message: 'dry run: 1 discoveries are missing, 0 targets cannot be scraped' })
  })
})

test('a stop ends it before discovery has spoken', async () => {
  const [job] = jobsOf('  - job_name: j')
  const stop = new AbortController()
  const silent: Discoverer = {
    run: (_update, signal) => {
      stop.abort(new DOMException('stopped', 'AbortError'))
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    },
  }
  expect(await run([withDiscoverers(job, silent)], { waitMs: 600_000 }, stop.signal)).toEqual({ lines: [], error: undefined })
})
