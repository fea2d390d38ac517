import { hostname } from 'node:os'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { readLogConfig } from './log-config.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const read = (jobs: string) => {
  const mistakes: string[] = []
  const config = readLogConfig(`target_config: {stdin: true}\nscrape_configs: ${jobs}`, 'p.yml', context, mistakes)
  expect(mistakes).toEqual([])
  expect([config.jobs, config.journalJobs]).toEqual([[], []])
  return config
}

test.each<[what: string, jobs: string, labels: Readonly<Record<string, string>>]>([
  ['no job: as Promtail', '[]', { job: 'stdin', hostname: hostname() }],
  [
    'labels of all groups of the first job',
    '[{job_name: j, static_configs: [{labels: {a: 1, b: x}}, {labels: {b: y}}]}]',
    { a: '1', b: 'y' },
  ],
  ['no label that is sent', '[{job_name: j, static_configs: [{labels: {__path__: /a}}]}]', { job: 'j', __path__: '/a' }],
  ['a group without labels', '[{job_name: j, static_configs: [{targets: [localhost]}]}]', { job: 'j' }],
  ['the journal', '[{job_name: j, journal: {labels: {a: b}}}]', { job: 'j' }],
])('labels of standard input: %s', (_what, jobs, labels) => {
  expect(Object.fromEntries(read(jobs).stdinJob?.labels ?? [])).toEqual(labels)
})

test('lines go through the stages of the first job, and the others are not read', () => {
  const config = read('[{job_name: j, static_configs: [], pipeline_stages: [{decolorize: {}}]}, {job_name: k, journal: {}}]')
  expect(config.stdinJob).toMatchObject({ name: 'j', pipeline: [{ name: 'decolorize' }] })
  expect(config.warnings).toEqual(['p.yml: standard input is read, by the first job; not read: "k"'])
  expect(config.summary).toEqual(['log job "j": standard input, stages decolorize (p.yml:2)'])
})

test('a flag asks for it, too', () => {
  const config = readLogConfig('{}', 'p.yml', { ...context, stdin: true }, [])
  expect(config.summary).toEqual(['log job "stdin": standard input, no stages (p.yml)'])
})

test.each([
  ['[]', ['stdin']],
  ['[{job_name: j, static_configs: [{labels: {cluster: c}}]}]', []],
])('without a cluster is named: %s', (jobs, named) => expect(read(jobs).jobsWithoutCluster).toEqual(named))
