import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics } from '@clymene/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { readScrapeConfigs } from './read-configs.ts'
import { createDiscoveryFailures, validateTargets } from './validate-targets.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-validate-'))
  writeFileSync(join(folder, 'good.json'), '[{"targets": ["f:1"]}]')
  writeFileSync(join(folder, 'wrong.json'), '[{"targets": ["f:1"]},]')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What is told of jobs, without the lines of the jobs themselves; `<folder>` is where the files are. */
async function told(...jobs: readonly string[]): Promise<readonly string[]> {
  const failures = createDiscoveryFailures()
  const context = createDiscoveryContext({ logger: failures.logger, metrics: createMetrics() })
  const text = ['scrape_configs:', ...jobs.map((job) => `  - ${job}`)].join('\n')
  const [config] = readScrapeConfigs([{ path: join(folder, 'c.yml'), text }], {}, context)
  if (config === undefined) throw new Error('expected a configuration')
  const lines = await validateTargets(config, { shard: { index: 0, count: 1 }, failures })
  return lines.filter((line) => !config.summary.includes(line)).map((line) => line.replaceAll(folder, '<folder>'))
}

const KEEP = 'relabel_configs: [{source_labels: [__address__], regex: "s.*", action: drop}]'

test.each<[name: string, job: string, lines: readonly (string | RegExp)[]]>([
  [
    'targets of the file itself, after relabelling',
    `{job_name: j, static_configs: [{targets: [a:1, s:1]}], ${KEEP}}`,
    ['target\tj\thttp://a:1/metrics\t{instance="a:1", job="j"}', /^dropped\tj\trelabel_configs\[0\] .*\t\{__address__="s:1"/],
  ],
  ['targets of other files', '{job_name: j, file_sd_configs: [{files: ["g*.json"]}]}', [/^target\tj\thttp:\/\/f:1\/metrics\t/]],
  [
    'a file that is not there',
    '{job_name: j, file_sd_configs: [{files: [none.json]}]}',
    ['empty\tj\tevery discovery has spoken, no targets'],
  ],
  ['no discovery', '{job_name: j}', ['empty\tj\tevery discovery has spoken, no targets']],
  [
    'a file that is wrong',
    '{job_name: j, file_sd_configs: [{files: [wrong.json]}]}',
    ['missing\tj\t<folder>/wrong.json: is not JSON at line 1, column 23'],
  ],
  [
    'discoveries that ask somebody, each kind once',
    '{job_name: j, dns_sd_configs: [{names: [a]}, {names: [b]}], http_sd_configs: [{url: "http://h"}]}',
    ['not-asked\tj\tdns_sd_configs, http_sd_configs: --dry-run does'],
  ],
  [
    'both',
    '{job_name: j, dns_sd_configs: [{names: [a]}], static_configs: [{targets: [a:1]}]}',
    [/^target\tj\thttp:\/\/a:1\/metrics\t/, 'not-asked\tj\tdns_sd_configs: --dry-run does'],
  ],
  [
    'a target that cannot be scraped',
    '{job_name: j, static_configs: [{targets: [a:1]}], relabel_configs: [{target_label: __scrape_timeout__, replacement: 5h}]}',
    [/^refused\tj\t__scrape_timeout__ 5h is longer/],
  ],
])('%s', async (_name, job, lines) => {
  const found = await told(job)
  expect(found).toEqual(lines.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))))
})

test('what is wrong in a job is told of that job', async () => {
  const found = await told('{job_name: a, file_sd_configs: [{files: [wrong.json]}]}', '{job_name: b, static_configs: [{targets: [b:1]}]}')
  expect(found.map((line) => line.split('\t').slice(0, 2))).toEqual([
    ['missing', 'a'],
    ['target', 'b'],
  ])
})
