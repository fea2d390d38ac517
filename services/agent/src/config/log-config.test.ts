import { createDiscoveryContext } from '@clymene/discovery'
import type { TargetGroup } from '@clymene/model'
import { compileRelabel } from '@clymene/relabel'
import { createMetrics, silentLogger } from '@clymene/runtime'
import type { FileJob } from '@clymene/sources'
import { describe, expect, test } from 'vitest'

import { expectMistakes } from '../testing/expect-mistakes.ts'
import { readLogConfig, type LogConfig, type LogContext } from './log-config.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const CLIENTS_SAY = 'has no effect: STORAGE_TYPE and the flags of the storage say where lines go; clymene from-promtail p.yml prints them'

function read(text: string, more: Partial<LogContext> = {}): { readonly config: LogConfig; readonly mistakes: readonly string[] } {
  const mistakes: string[] = []
  return { config: readLogConfig(text, 'p.yml', { ...context, ...more }, mistakes), mistakes }
}

function good(text: string, more: Partial<LogContext> = {}): LogConfig {
  const { config, mistakes } = read(text, more)
  expect(mistakes).toEqual([])
  return config
}

async function groupsOf({ discoverers }: FileJob): Promise<readonly TargetGroup[]> {
  const found: TargetGroup[] = []
  for (const discoverer of discoverers) {
    const stop = new AbortController()
    await discoverer.run((groups) => {
      found.push(...groups)
      stop.abort()
    }, stop.signal)
  }
  return found
}

/** The ConfigMap of the original's manifests, with files in place of the discovery of pods. */
const ORIGINAL = `
server:
  http_listen_port: 9080
  grpc_listen_port: 0
positions:
  filename: /tmp/positions.yaml
scrape_configs:
  - job_name: system
    static_configs:
      - targets:
          - localhost
        labels:
          job: varlogs
          __path__: /var/log/*log
          cluster: clymene-cluster
  - job_name: kubernetes-pods
    pipeline_stages:
      - cri: {}
    file_sd_configs:
      - files: [pods.yml]
    relabel_configs:
      - source_labels: [__meta_kubernetes_pod_controller_name]
        regex: ([0-9a-z-.]+?)(-[0-9a-f]{8,10})?
        action: replace
        target_label: __tmp_controller_name
      - source_labels:
          - __meta_kubernetes_pod_label_app_kubernetes_io_name
          - __meta_kubernetes_pod_label_app
          - __tmp_controller_name
          - __meta_kubernetes_pod_name
        regex: ^;*([^;]+)(;.*)?$
        action: replace
        target_label: app
      - action: replace
        replacement: /var/log/pods/*$1/*.log
        separator: /
        source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name]
        target_label: __path__
      - action: replace
        replacement: clymene-cluster
        target_label: cluster
`

describe('the configuration of the original', () => {
  const config = good(ORIGINAL)

  test('keeps its positions where it says', () => {
    expect(config.positionsPath).toBe('/tmp/positions.yaml')
  })

  test('says that its server is not used, and nothing else', () => {
    expect(config.warnings).toEqual(['p.yml:2: server: has no effect: --admin.http.host-ports=:9080 serves health, metrics and pages'])
  })

  test('has a cluster in every job', () => {
    expect(config.jobsWithoutCluster).toEqual([])
  })

  test('has its static files', async () => {
    const [group] = await groupsOf(config.jobs[0]!)
    expect(group?.targets.map((target) => Object.fromEntries(target))).toEqual([{ __address__: 'localhost' }])
    expect(Object.fromEntries(group?.labels ?? [])).toEqual({ job: 'varlogs', __path__: '/var/log/*log', cluster: 'clymene-cluster' })
  })

  test('shapes the labels of pods', () => {
    const labels = new Map([
      ['__meta_kubernetes_pod_controller_name', 'web-5d8f9c6b7d'],
      ['__meta_kubernetes_pod_name', 'web-5d8f9c6b7d-x2x4z'],
      ['__meta_kubernetes_pod_uid', 'uid'],
      ['__meta_kubernetes_pod_container_name', 'main'],
    ])
    expect(compileRelabel(config.jobs[1]!.relabel)(labels)).toBe(true)
    expect(labels.get('app')).toBe('web')
    expect(labels.get('__path__')).toBe('/var/log/pods/*uid/main/*.log')
    expect(labels.get('cluster')).toBe('clymene-cluster')
  })

  test('has the stages of its jobs', () => {
    expect(config.jobs.map(({ pipeline }) => pipeline.length)).toEqual([0, 1])
  })
})

test('what is not said has the defaults of Promtail', () => {
  expect(good('')).toEqual({
    positionsPath: '/var/log/positions.yaml',
    refreshMs: 10_000,
    reading: {},
    jobs: [],
    journalJobs: [],
    stdinJob: undefined,
    texts: [{ path: expect.any(String), text: '' }],
    summary: [],
    warnings: [],
    jobsWithoutCluster: [],
  })
})

test('a group without targets is about this machine', async () => {
  const [job] = good('scrape_configs: [{job_name: j, static_configs: [{labels: {__path__: /a}}]}]').jobs
  const [group] = await groupsOf(job!)
  expect(group?.targets.map((target) => Object.fromEntries(target))).toEqual([{ __address__: 'localhost' }])
})

test.each<[text: string, expected: object]>([
  [
    'positions: {filename: /p.yml, sync_period: 5s, ignore_invalid_yaml: true}',
    { positionsPath: '/p.yml', reading: { positionsSyncMs: 5000 } },
  ],
  ['target_config: {sync_period: 3s}', { refreshMs: 3000 }],
  ['global: {file_watch_config: {min_poll_frequency: 1s, max_poll_frequency: 5s}}', { reading: { pollMs: 1000 } }],
  ['global: {file_watch_config: {max_poll_frequency: 5s}}', { reading: {} }],
  ['limits_config: {readline_rate: 5}', { reading: {} }],
  ['limits_config: {readline_rate_enabled: true}', { reading: { readlineRate: { linesPerSecond: 10_000, burst: 10_000, drop: true } } }],
  [
    'limit_config: {readline_rate_enabled: true, readline_rate: 1.5, readline_burst: 3, readline_rate_drop: false}',
    { reading: { readlineRate: { linesPerSecond: 1.5, burst: 3, drop: false } } },
  ],
  [
    'limits_config: {max_line_size: 64kb, max_line_size_truncate: true}',
    { reading: { maxLineBytes: 65_536, longLines: 'truncate' }, warnings: [] },
  ],
  [
    'limits_config: {max_line_size: 64kb}',
    {
      reading: { maxLineBytes: 65_536 },
      warnings: ['p.yml:1: limits_config.max_line_size: a longer line is cut there, as --logs.long-lines says: none is dropped'],
    },
  ],
  ['limits_config: {max_line_size: 0, max_streams: 0}', { reading: {}, warnings: [] }],
  ['limits_config: {max_streams: 5}', { warnings: [expect.stringMatching(/^p\.yml:1: limits_config\.max_streams: has no effect: /)] }],
  ['server: {log_level: info}', { warnings: ['p.yml:1: server: has no effect: --admin.http.host-ports serves health, metrics and pages'] }],
  [
    'server: {http_listen_address: 127.0.0.1, http_listen_port: 9080}',
    { warnings: ['p.yml:1: server: has no effect: --admin.http.host-ports=127.0.0.1:9080 serves health, metrics and pages'] },
  ],
  ['tracing: {enabled: true}', { warnings: ['p.yml:1: tracing: has no effect: the agent sends no traces'] }],
  ['wal: {enabled: true}', { warnings: [expect.stringMatching(/^p\.yml:1: wal: has no effect: /)] }],
  ['options: {stream_lag_labels: "a,b"}', { warnings: [expect.stringMatching(/^p\.yml:1: options: has no effect: /)] }],
  ['target_config: {stdin: false}', { refreshMs: 10_000 }],
  ['clients: [{url: "http://loki:3100/loki/api/v1/push"}]', { warnings: [`p.yml:1: clients: ${CLIENTS_SAY}`] }],
  ['client: {url: "http://loki:3100/loki/api/v1/push"}', { warnings: [`p.yml:1: client: ${CLIENTS_SAY}`] }],
  [
    'clients:\n  - url: http://a\n    tenant_id: t\n    external_labels: {cluster: c, env: e}\n  - basic_auth: {password: secret}\n    external_labels: {x: "1"}\n    tenant_id: u',
    {
      warnings: [
        `p.yml:1: clients: ${CLIENTS_SAY}`,
        'p.yml:3: clients[0].tenant_id: has no effect: lines get a tenant by --clymene-promtail.tenant-id=t',
        'p.yml:4: clients[0].external_labels: has no effect: lines get such labels by --clymene-promtail.external-labels=cluster=c,env=e',
        'p.yml:6: clients[1].external_labels: has no effect: an agent sends to one Loki, by the flags of the first client',
        'p.yml:7: clients[1].tenant_id: has no effect: an agent sends to one Loki, by the flags of the first client',
      ],
    },
  ],
  [
    'positions: {filename: "/p/${HOST}"} # ${COMMENT}\nserver: {log_level: "${LEVEL:-info} ${LEVEL}"}\nclients: [{url: "${URL}"}]',
    {
      warnings: [
        'p.yml:1: positions.filename: ${HOST} stays as it is: --config.expand-env puts variables in',
        'p.yml:2: server.log_level: ${LEVEL} stays as it is: --config.expand-env puts variables in',
        expect.stringMatching(/^p\.yml:2: server: /),
        expect.stringMatching(/^p\.yml:3: clients: /),
      ],
    },
  ],
  [
    'scrape_configs: [{job_name: j, static_configs: [], relabel_configs: [{source_labels: [a], regex: "(?P<ns>.)(.)", replacement: "${ns}${1}$${2}", target_label: b}]}]',
    { warnings: [] },
  ],
  [
    'scrape_configs: [{job_name: j}]',
    { warnings: ['p.yml:1: scrape_configs[0]: reads nothing: expected static_configs or another discovery'] },
  ],
  ['scrape_configs: [{job_name: j, static_configs: [], encoding: UTF-8, decompression: {enabled: false, format: z}}]', { warnings: [] }],
  ['scrape_configs: [{job_name: j, static_configs: [], decompression: {enabled: true, format: gz, initial_delay: 10s}}]', { warnings: [] }],
])('%s', (text, expected) => {
  expect(good(text)).toMatchObject(expected)
})

test.each<[name: string, job: string, isNamed: boolean]>([
  ['nothing sets one', 'job_name: j', true],
  ['a rule sets it', 'job_name: j\n    relabel_configs: [{target_label: cluster, replacement: c}]', false],
  ['every group has it', 'job_name: j\n    static_configs: [{labels: {cluster: c, __path__: /a}}]', false],
  ['one of two groups has it', 'job_name: j\n    static_configs: [{labels: {cluster: c, __path__: /a}}, {labels: {__path__: /b}}]', true],
])('a job without a cluster of its own is named: %s', (_name, job, isNamed) => {
  expect(good(`scrape_configs:\n  - ${job}`).jobsWithoutCluster).toEqual(isNamed ? ['j'] : [])
})

describe('a mistake names file, line and key', () => {
  const jobWith = (...lines: readonly string[]): string =>
    ['scrape_configs:', '  - job_name: j', ...lines.map((line) => `    ${line}`)].join('\n')
  test.each<[name: string, text: string, mistakes: readonly (string | RegExp)[]]>([
    ['an unknown section', 'scrapes: []', ['p.yml:1: scrapes: unknown key']],
    ['a section of the metrics', 'global: {scrape_interval: 1m}', ['p.yml:1: global.scrape_interval: unknown key']],
    ['an unknown limit', 'limits_config: {readline: 5}', ['p.yml:1: limits_config.readline: unknown key']],
    ['an unknown key of positions', 'positions:\n  file: /p', ['p.yml:2: positions.file: unknown key']],
    ['positions as a path', 'positions: /p', ['p.yml:1: positions: found text, expected a map']],
    [
      'a period without a unit',
      'target_config: {sync_period: 10}',
      ['p.yml:1: target_config.sync_period: found "10", expected a duration such as 500ms, 10s or 1m30s'],
    ],
    ['a job without a name', 'scrape_configs: [{}]', ['p.yml:1: scrape_configs[0]: job_name: expected a name']],
    ...'syslog gcplog loki_push_api windows_events kafka gelf cloudflare azure_event_hubs azure_event_hub heroku_drain docker'
      .split(' ')
      .map(
        (key) =>
          [
            `${key}, which is not here`,
            jobWith(`${key}: {}`),
            [new RegExp(`^p\\.yml:3: scrape_configs\\[0\\]\\.${key}: is not supported`)],
          ] as [string, string, RegExp[]],
      ),
    [
      'an encoding',
      jobWith('encoding: latin1'),
      ['p.yml:3: scrape_configs[0].encoding: found "latin1", expected utf-8: files of other encodings are not read'],
    ],
    [
      'an archive of another kind',
      jobWith('decompression:', '  enabled: true', '  format: bz2'),
      [
        'p.yml:5: scrape_configs[0].decompression.format: found "bz2", expected gz: files named *.gz are unpacked, other archives are not read',
      ],
    ],
    [
      'an archive of no kind',
      jobWith('decompression: {enabled: true}'),
      [
        'p.yml:3: scrape_configs[0].decompression.format: found "", expected gz: files named *.gz are unpacked, other archives are not read',
      ],
    ],
    [
      'an unknown key of it',
      jobWith('decompression: {formt: gz}'),
      ['p.yml:3: scrape_configs[0].decompression.formt: unknown key, did you mean format?'],
    ],
    [
      'a rate that is none',
      'limits_config:\n  readline_rate: -1\n  readline_burst: 0\n  max_line_size: long',
      [
        'p.yml:2: limits_config.readline_rate: found "-1", expected a number above 0',
        'p.yml:3: limits_config.readline_burst: found "0", expected a whole number above 0',
        'p.yml:4: limits_config.max_line_size: found "long", expected a size such as 65536, 512KiB or 64MiB',
      ],
    ],
    [
      'limits under both names',
      'limits_config: {}\nlimit_config: {}',
      ['p.yml:2: limit_config: is limits_config under its earlier name, expected one of them'],
    ],
    [
      'polls that are rarer at first',
      'global:\n  file_watch_config: {min_poll_frequency: 5s, max_poll_frequency: 1s}',
      ['p.yml:2: global.file_watch_config.max_poll_frequency: 1000 ms is shorter than min_poll_frequency, 5000 ms'],
    ],
    ['an unknown key of a watch', 'global:\n  file_watch_config: {poll: 5s}', ['p.yml:2: global.file_watch_config.poll: unknown key']],
    ['an unknown section', 'runtime_config: {}', ['p.yml:1: runtime_config: unknown key']],
    [
      'a discovery that is not built in',
      jobWith('ec2_sd_configs: []'),
      [/^p\.yml:3: scrape_configs\[0\]\.ec2_sd_configs: .*http_sd_configs/],
    ],
    ['an unknown key', jobWith('pipeline: []'), ['p.yml:3: scrape_configs[0].pipeline: unknown key']],
    ['stages as a map', jobWith('pipeline_stages: {cri: {}}'), [/^p\.yml:3: scrape_configs\[0\]\.pipeline_stages: expected a list/]],
    ['an unknown stage', jobWith('pipeline_stages: [{cry: {}}]'), [/^p\.yml:3: scrape_configs\[0\]\.pipeline_stages\[0\].*cry/]],
    [
      'a stage that is not offered',
      jobWith('pipeline_stages: [{geoip: {db: x}}]'),
      [/^p\.yml:3: scrape_configs\[0\]\.pipeline_stages\[0\].*geoip/],
    ],
    [
      'a rule of an unknown action',
      jobWith('relabel_configs: [{action: erase}]'),
      [/^p\.yml:3: scrape_configs\[0\]\.relabel_configs\[0\]\.action: "erase"/],
    ],
    [
      'labels as a list',
      jobWith('static_configs: [{labels: [a]}]'),
      [/^p\.yml:3: scrape_configs\[0\]\.static_configs\[0\]\.labels: expected a mapping/],
    ],
    [
      'a name that is used twice',
      'scrape_configs:\n  - job_name: a\n  - job_name: a',
      ['p.yml:3: scrape_configs[1].job_name: "a" is used by another job of p.yml'],
    ],
  ])('%s', (_name, text, expected) => {
    expectMistakes(read(text).mistakes, expected)
  })
})

describe('containers of Docker', () => {
  const DOCKER = 'docker_sd_configs: [{host: "unix:///var/run/docker.sock"}]'
  const pathOf = (job: FileJob, labels: Record<string, string>): string | undefined => {
    const map = new Map(Object.entries(labels))
    return compileRelabel(job.relabel)(map) ? map.get('__path__') : undefined
  }

  test('are read where the daemon keeps their lines, since no rule says where', () => {
    const { jobs, warnings } = good(`scrape_configs: [{job_name: j, ${DOCKER}, pipeline_stages: [{json: {expressions: {a: a}}}]}]`)
    expect(pathOf(jobs[0]!, { __meta_docker_container_id: 'abc' })).toBe('/var/lib/docker/containers/abc/abc-json.log')
    expect(jobs[0]?.pipeline.map(({ name }) => name)).toEqual(['docker', 'json'])
    expect(warnings).toEqual([expect.stringMatching(/^p\.yml:1: scrape_configs\[0\]\.docker_sd_configs: lines are read from \/var\/lib/)])
  })

  test('are read where a rule says', () => {
    const rules = 'relabel_configs: [{source_labels: [__meta_docker_container_id], target_label: __path__, replacement: /logs/$1}]'
    const { jobs, warnings } = good(`scrape_configs: [{job_name: j, ${DOCKER}, ${rules}}]`)
    expect(pathOf(jobs[0]!, { __meta_docker_container_id: 'abc' })).toBe('/logs/abc')
    expect([jobs[0]?.pipeline, warnings]).toEqual([[], []])
  })
})

test('a line a job', () => {
  const text = `
scrape_configs:
  - job_name: a
    static_configs: [{labels: {__path__: /a}}]
    file_sd_configs: [{files: [a.yml]}]
    pipeline_stages: [cri, {labels: {x: }}]
  - job_name: b
`
  expect(good(text).summary).toEqual([
    'log job "a": static_configs, file_sd_configs, stages cri, labels (p.yml:3)',
    'log job "b": no discovery, no stages (p.yml:7)',
  ])
})

test('variables are put in only where it is asked for', () => {
  const text = 'positions: {filename: "${DIR:-/tmp}/p.yaml"}'
  expect(good(text).positionsPath).toBe('${DIR:-/tmp}/p.yaml')
  expect(good(text, { expandFrom: {} }).positionsPath).toBe('/tmp/p.yaml')
  expect(good(text, { expandFrom: { DIR: '/d' } }).positionsPath).toBe('/d/p.yaml')
  const { config, mistakes } = read('# ${A}\npositions: {filename: "/${B^^}"}', { expandFrom: {} })
  expect(config.warnings).toEqual(['p.yml:1: the environment has no A: it is empty'])
  expect(mistakes).toEqual([expect.stringMatching(/^p\.yml:2: expected \$\{NAME\}/)])
})

test('all mistakes of all jobs are told at once', () => {
  const { mistakes } = read(`
positions: {file: /p}
scrape_configs:
  - job_name: a
    pipeline_stages: [{cry: {}}, {json: 5}]
    relabel_configs: [{action: erase}]
  - pipeline: []
    syslog: {}
`)
  expect(mistakes.length).toBeGreaterThanOrEqual(7)
  expect(new Set(mistakes.map((mistake) => /^p\.yml:(\d+):/.exec(mistake)?.[1]))).toEqual(new Set(['2', '5', '6', '7', '8']))
})
