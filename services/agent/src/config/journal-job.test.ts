import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { expectMistakes } from '../testing/expect-mistakes.ts'
import { readLogConfig } from './log-config.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const read = (text: string) => {
  const mistakes: string[] = []
  return { config: readLogConfig(text, 'p.yml', context, mistakes), mistakes }
}
const job = (journal: string, more = '') => `scrape_configs: [{job_name: j, journal: ${journal}${more}}]`

describe('a journal job', () => {
  test.each<[text: string, expected: object]>([
    [job('{}'), { name: 'j', path: '', matches: [], maxAgeMs: 7 * 3_600_000, json: false, labels: [] }],
    [job('{path: /var/log/journal, max_age: 12h30m, json: true}'), { path: '/var/log/journal', maxAgeMs: 45_000_000, json: true }],
    [
      job('{labels: {job: systemd-journal, a: "1"}}'),
      {
        labels: [
          ['a', '1'],
          ['job', 'systemd-journal'],
        ],
      },
    ],
    [job('{matches: _TRANSPORT=kernel  PRIORITY=3 }'), { matches: ['_TRANSPORT=kernel', 'PRIORITY=3'] }],
    [job('', ', pipeline_stages: [{decolorize: {}}]'), { pipeline: [{ name: 'decolorize' }] }],
  ])('%s', (text, expected) => {
    const { config, mistakes } = read(text)
    expect(mistakes).toEqual([])
    expect(config).toMatchObject({ jobs: [], journalJobs: [expected], stdinJob: undefined, warnings: [] })
  })

  test('stands beside jobs of files, in the summary too', () => {
    const { config } = read(
      'scrape_configs:\n  - {job_name: j, journal: {}, pipeline_stages: [{decolorize: {}}]}\n  - {job_name: f, static_configs: []}',
    )
    expect(config.journalJobs.map(({ name }) => name)).toEqual(['j'])
    expect(config.jobs.map(({ name }) => name)).toEqual(['f'])
    expect(config.summary).toEqual([
      'log job "j": journal, stages decolorize (p.yml:2)',
      'log job "f": static_configs, no stages (p.yml:3)',
    ])
  })

  test.each<[name: string, text: string, isNamed: boolean]>([
    ['nothing sets one', job('{}'), true],
    ['a label', job('{labels: {cluster: c}}'), false],
    ['a rule', job('{}', ', relabel_configs: [{target_label: cluster, replacement: c}]'), false],
  ])('without a cluster is named: %s', (_name, text, isNamed) => {
    expect(read(text).config.jobsWithoutCluster).toEqual(isNamed ? ['j'] : [])
  })

  test.each<[text: string, mistakes: readonly (string | RegExp)[]]>([
    [job('{max_age: 7}'), ['p.yml:1: scrape_configs[0].journal.max_age: found "7", expected a duration such as 500ms, 10s or 1m30s']],
    [job('{json: maybe}'), [/journal\.json: found "maybe", expected true or false/]],
    [job('{since: 1h}'), ['p.yml:1: scrape_configs[0].journal.since: unknown key']],
    [job('/var/log/journal'), ['p.yml:1: scrape_configs[0].journal: found text, expected a map']],
    [job('{labels: [a]}'), [/journal\.labels: found a list, expected a map/]],
    [job('{matches: "--flush"}'), [/journal\.matches: found "--flush", expected FIELD=value with blanks between them, found "--flush"/]],
    [job('{matches: "PRIORITY=3 + /bin/sh"}'), [/found "\+"/]],
    [job('{}', ', static_configs: []'), ['p.yml:1: scrape_configs[0].static_configs: stands beside journal, expected a job for each']],
    [job('{}', ', syslog: {}'), [/scrape_configs\[0\]\.syslog: is not supported/]],
    [job('{}', ', pipeline_stages: [{nope: {}}]'), [/pipeline_stages/]],
  ])('%s', (text, mistakes) => expectMistakes(read(text).mistakes, mistakes))
})
