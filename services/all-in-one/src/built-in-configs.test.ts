import { readLogConfigs, readScrapeConfigs } from '@clymene/agent'
import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { hostLogsConfig, ownMetricsConfig, reachable } from './built-in-configs.ts'

const host = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })

describe('ownMetricsConfig', () => {
  const text = ownMetricsConfig(
    [
      { component: 'agent', address: { host: '127.0.0.1', port: 15_691 } },
      { component: 'gateway', address: { host: '', port: 15_690 } },
      { component: 'ingester', address: { host: '::1', port: 15_694 } },
    ],
    'box',
  )
  test('scrapes every service where it can be reached, with its name', () => {
    expect(parse(text).scrape_configs[0].static_configs).toEqual([
      { targets: ['127.0.0.1:15691'], labels: { component: 'agent', instance: 'box' } },
      { targets: ['127.0.0.1:15690'], labels: { component: 'gateway', instance: 'box' } },
      { targets: ['[::1]:15694'], labels: { component: 'ingester', instance: 'box' } },
    ])
  })
  test('is a configuration that the agent takes without a warning', () => {
    const configs = readScrapeConfigs([{ path: 'built in', text }], {}, host)
    expect(configs.flatMap(({ jobs }) => jobs.map(({ name }) => name))).toEqual(['clymene'])
    expect(configs.flatMap(({ warnings }) => warnings)).toEqual([])
  })
})

describe('hostLogsConfig', () => {
  const text = hostLogsConfig({
    paths: ['/var/log/**/*.log', '/var/log/pods/**/*.log', '/srv/my: odd [path]/*.log'],
    ownLog: '/data/logs/clymene.log',
    positionsPath: '/data/positions.yaml',
    instance: 'box',
  })
  const jobs: readonly {
    readonly job_name: string
    readonly static_configs: readonly { readonly labels: Readonly<Record<string, string>> }[]
    readonly pipeline_stages?: unknown
  }[] = parse(text).scrape_configs

  test("reads each path; pods' files are parsed as the container runtime writes them, and by one job only", () => {
    expect(
      jobs.map(({ job_name, static_configs: [first], pipeline_stages }) => [
        job_name,
        first?.labels['job'],
        first?.labels['__path__'],
        pipeline_stages,
      ]),
    ).toEqual([
      ['files-0', 'varlogs', '/var/log/**/*.log', undefined],
      ['files-1', 'varlogs', '/srv/my: odd [path]/*.log', undefined],
      ['pods-0', 'pods', '/var/log/pods/**/*.log', [{ cri: {} }]],
      ['clymene', 'clymene', '/data/logs/clymene.log', undefined],
    ])
    expect(jobs.slice(0, 2).map(({ static_configs: [first] }) => first?.labels['__path_exclude__'])).toEqual([
      '/var/log/{pods,containers}/**',
      '/var/log/{pods,containers}/**',
    ])
  })
  test('is a configuration that the agent takes without a warning', () => {
    const configs = readLogConfigs([{ path: 'built in', text }], host)
    expect(configs.map(({ positionsPath }) => positionsPath)).toEqual(['/data/positions.yaml'])
    expect(configs.flatMap(({ warnings }) => warnings)).toEqual([])
  })
  test('without paths it still reads the own log', () => {
    const own = parse(hostLogsConfig({ paths: [], ownLog: '/l', positionsPath: '/p', instance: 'i' }))
    expect(own.scrape_configs.map(({ job_name }: { job_name: string }) => job_name)).toEqual(['clymene'])
  })
})

test.each([
  ['', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['10.1.2.3', '10.1.2.3'],
])('a server on %j is reached at %s', (address, expected) => {
  expect(reachable(address)).toBe(expected)
})
