import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import type { TargetGroup } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import type { ScrapeJob } from '@clymene/sources'
import { describe, expect, test } from 'vitest'

import { expectMistakes } from '../testing/expect-mistakes.ts'
import { readScrapeConfig, type ScrapeConfig } from './scrape-config.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const ENV = { REGION: 'eu', EMPTY: '' }

function read(text: string, path = 'c.yml'): { readonly config: ScrapeConfig; readonly mistakes: readonly string[] } {
  const mistakes: string[] = []
  return { config: readScrapeConfig({ text, path }, { env: ENV, context }, mistakes), mistakes }
}

function good(text: string): ScrapeConfig {
  const { config, mistakes } = read(text)
  expect(mistakes).toEqual([])
  return config
}

/** One job with these lines in it. */
const jobWith = (...lines: readonly string[]): string =>
  ['scrape_configs:', '  - job_name: j', ...lines.map((line) => `    ${line}`)].join('\n')
const onlyJob = (text: string): ScrapeJob => good(text).jobs[0]!

async function groupsOf({ discoverers }: ScrapeJob): Promise<readonly TargetGroup[]> {
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

const relabelled = (job: ScrapeJob, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined => {
  const map = new Map(Object.entries(labels))
  return job.relabel(map) ? Object.fromEntries(map) : undefined
}

test('a job that says nothing but its name has the defaults of Prometheus', () => {
  expect(onlyJob(jobWith())).toMatchObject({
    name: 'j',
    intervalMs: 60_000,
    timeoutMs: 10_000,
    metricsPath: '/metrics',
    scheme: 'http',
    params: new Map(),
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    scrapeProtocols: ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText1.0.0', 'PrometheusText0.0.4'],
    enableCompression: true,
    extraScrapeMetrics: false,
    keepDroppedTargets: 0,
    nameValidation: 'utf8',
    nameEscaping: 'allow-utf-8',
    limits: { bodySizeBytes: 0, samples: 0, labels: 0, labelNameLength: 0, labelValueLength: 0, targets: 0 },
    http: { followRedirects: true },
    discoverers: [],
  })
})

describe('a key of a job', () => {
  test.each<[line: string, expected: object]>([
    ['scrape_interval: 15s', { intervalMs: 15_000, timeoutMs: 10_000 }],
    ['scrape_interval: 5s', { intervalMs: 5000, timeoutMs: 5000 }],
    ['scrape_interval: 1m30s', { intervalMs: 90_000 }],
    ['scrape_timeout: 60s', { timeoutMs: 60_000 }],
    ['metrics_path: /probe', { metricsPath: '/probe' }],
    ['scheme: https', { scheme: 'https' }],
    ['honor_labels: true', { honorLabels: true }],
    ['honor_timestamps: false', { honorTimestamps: false }],
    ['track_timestamps_staleness: true', { trackTimestampsStaleness: true }],
    ['follow_redirects: false', { http: { followRedirects: false } }],
    ['fallback_scrape_protocol: PrometheusText0.0.4', { fallbackProtocol: 'PrometheusText0.0.4' }],
    ['fallback_scrape_protocol: OpenMetricsText1.0.0', { fallbackProtocol: 'OpenMetricsText1.0.0' }],
    ['body_size_limit: 10MB', { limits: { bodySizeBytes: 10 * 1024 * 1024 } }],
    ['sample_limit: 5', { limits: { samples: 5 } }],
    ['target_limit: 6', { limits: { targets: 6 } }],
    ['label_limit: 7', { limits: { labels: 7 } }],
    ['label_name_length_limit: 8', { limits: { labelNameLength: 8 } }],
    ['label_value_length_limit: 9', { limits: { labelValueLength: 9 } }],
    [
      'params: {module: [http_2xx], target: [a, b]}',
      {
        params: new Map([
          ['module', ['http_2xx']],
          ['target', ['a', 'b']],
        ]),
      },
    ],
    ['enable_http2: false', { name: 'j' }],
    ['enable_compression: false', { enableCompression: false }],
    ['scrape_protocols: [OpenMetricsText0.0.1]', { scrapeProtocols: ['OpenMetricsText0.0.1'] }],
    ['extra_scrape_metrics: true', { extraScrapeMetrics: true }],
    ['extra_scrape_metrics: yes', { extraScrapeMetrics: true }],
    ['keep_dropped_targets: 7', { keepDroppedTargets: 7 }],
    ['metric_name_validation_scheme: legacy', { nameValidation: 'legacy', nameEscaping: 'underscores' }],
    ['metric_name_escaping_scheme: dots', { nameValidation: 'utf8', nameEscaping: 'dots' }],
    ['always_scrape_classic_histograms: false', { name: 'j' }],
    ['scrape_native_histograms: false', { name: 'j' }],
    ['scrape_failure_log_file: ""', { name: 'j' }],
    ['scrape_interval: 0s', { intervalMs: 60_000 }],
    ['metrics_path: ""', { metricsPath: '' }],
  ])('%s', (line, expected) => {
    expect(onlyJob(jobWith(line))).toMatchObject(expected)
  })
})

describe('global', () => {
  const globally = (...lines: readonly string[]): string => ['global:', ...lines.map((line) => `  ${line}`), jobWith()].join('\n')

  test.each<[lines: readonly string[], expected: object]>([
    [['scrape_interval: 15s'], { intervalMs: 15_000, timeoutMs: 10_000 }],
    [['scrape_interval: 5s'], { intervalMs: 5000, timeoutMs: 5000 }],
    [['scrape_interval: 20s', 'scrape_timeout: 20s'], { intervalMs: 20_000, timeoutMs: 20_000 }],
    [['sample_limit: 5', 'body_size_limit: 1KB'], { limits: { samples: 5, bodySizeBytes: 1024 } }],
    [['evaluation_interval: 30s', 'rule_query_offset: 1m', 'query_log_file: q.log'], { intervalMs: 60_000 }],
    [
      ['label_limit: 1', 'label_name_length_limit: 2', 'label_value_length_limit: 3', 'target_limit: 4'],
      { limits: { labels: 1, labelNameLength: 2, labelValueLength: 3, targets: 4 } },
    ],
    [['scrape_protocols: [PrometheusText1.0.0, PrometheusText0.0.4]'], { scrapeProtocols: ['PrometheusText1.0.0', 'PrometheusText0.0.4'] }],
    [['extra_scrape_metrics: true'], { extraScrapeMetrics: true }],
    [['keep_dropped_targets: 5'], { keepDroppedTargets: 5 }],
    [['metric_name_validation_scheme: legacy'], { nameValidation: 'legacy', nameEscaping: 'underscores' }],
    [
      ['metric_name_validation_scheme: legacy', 'metric_name_escaping_scheme: values'],
      { nameValidation: 'legacy', nameEscaping: 'values' },
    ],
    [['metric_name_escaping_scheme: dots'], { nameValidation: 'utf8', nameEscaping: 'dots' }],
    [
      ['scrape_native_histograms: false', 'convert_classic_histograms_to_nhcb: false', 'always_scrape_classic_histograms: true'],
      { name: 'j' },
    ],
    [['scrape_interval: 0s', 'scrape_timeout: 0s'], { intervalMs: 60_000, timeoutMs: 10_000 }],
  ])('%j is the default of every job', (lines, expected) => {
    expect(onlyJob(globally(...lines))).toMatchObject(expected)
  })

  test.each<[global: string, line: string, expected: object]>([
    ['scrape_interval: 30s', 'scrape_interval: 10s', { intervalMs: 10_000, timeoutMs: 10_000 }],
    ['sample_limit: 5', 'sample_limit: 6', { limits: { samples: 6 } }],
    ['sample_limit: 5', 'sample_limit: 0', { limits: { samples: 5 } }],
    ['scrape_interval: 30s', 'scrape_interval: 0s', { intervalMs: 30_000 }],
    ['scrape_protocols: [PrometheusText0.0.4]', 'scrape_protocols: [OpenMetricsText1.0.0]', { scrapeProtocols: ['OpenMetricsText1.0.0'] }],
    ['extra_scrape_metrics: true', 'extra_scrape_metrics: false', { extraScrapeMetrics: false }],
    ['keep_dropped_targets: 5', 'keep_dropped_targets: 6', { keepDroppedTargets: 6 }],
    [
      'metric_name_validation_scheme: legacy',
      'metric_name_validation_scheme: utf8',
      { nameValidation: 'utf8', nameEscaping: 'allow-utf-8' },
    ],
    ['metric_name_escaping_scheme: dots', 'metric_name_escaping_scheme: values', { nameEscaping: 'values' }],
  ])('%s, where the job says %s', (global, line, expected) => {
    expect(onlyJob(`global: {${global}}\n${jobWith(line)}`)).toMatchObject(expected)
  })

  const fingerprint = (text: string, path?: string): string => read(text, path).config.jobs[0]?.fingerprint ?? ''
  test('what changes there changes the jobs that use it, on a reload too', () => {
    expect(fingerprint(globally('scrape_interval: 15s'))).not.toBe(fingerprint(globally('scrape_interval: 16s')))
    expect(fingerprint(globally('scrape_interval: 15s'))).toBe(fingerprint(globally('scrape_interval:   15s')))
  })
  test('a job that says it itself stays as it is', () => {
    const own = jobWith('scrape_interval: 10s')
    expect(fingerprint(`global: {scrape_interval: 15s}\n${own}`)).toBe(fingerprint(`global: {scrape_interval: 16s}\n${own}`))
    expect(fingerprint(`global: {external_labels: {a: b}}\n${own}`)).toBe(fingerprint(own))
  })
  test('a job in another folder names other files', () => {
    expect(fingerprint(jobWith(), '/a/c.yml')).not.toBe(fingerprint(jobWith(), '/b/c.yml'))
    expect(fingerprint(jobWith(), '/a/c.yml')).toBe(fingerprint(jobWith(), '/a/d.yml'))
  })
})

describe('external_labels', () => {
  const labelsOf = (...lines: readonly string[]) =>
    good(['global:', '  external_labels:', ...lines.map((line) => `    ${line}`)].join('\n')).externalLabels

  test.each<[name: string, lines: readonly string[], expected: readonly (readonly [string, string])[]]>([
    [
      'sorted by name',
      ['b: x', 'a: y'],
      [
        ['a', 'y'],
        ['b', 'x'],
      ],
    ],
    [
      'numbers and booleans as they were written',
      ['a: 010', 'b: true'],
      [
        ['a', '010'],
        ['b', 'true'],
      ],
    ],
    ['none that is empty', ['a: ""', 'b:', 'c: x'], [['c', 'x']]],
    ['a variable in braces', ['a: ${REGION}-1'], [['a', 'eu-1']]],
    ['a variable without', ['a: $REGION/1'], [['a', 'eu/1']]],
    ['a variable that is empty', ['a: x${EMPTY}'], [['a', 'x']]],
    ['two dollars as one', ['a: $$REGION'], [['a', '$REGION']]],
    ['a dollar before anything else', ['a: "5$ 1$/"'], [['a', '5$ 1$/']]],
    ['text right after a name in braces', ['a: ${REGION}n'], [['a', 'eun']]],
    ['a name up to what cannot be in one', ['a: $REGION-$REGION.b'], [['a', 'eu-eu.b']]],
    ['a name that is dangerous elsewhere', ['__proto__: x'], [['__proto__', 'x']]],
  ])('%s', (_name, lines, expected) => {
    expect(labelsOf(...lines)).toEqual(expected)
  })
})

describe('credentials of a job', () => {
  const headersOf = (...lines: readonly string[]) => onlyJob(jobWith(...lines)).http.access.headers()
  test.each<[name: string, lines: readonly string[], headers: Readonly<Record<string, string>>]>([
    ['none', [], {}],
    ['basic', ['basic_auth: {username: u, password: p}'], { authorization: `Basic ${btoa('u:p')}` }],
    ['a password of digits, as it was written', ['basic_auth: {username: 1, password: 007}'], { authorization: `Basic ${btoa('1:007')}` }],
    ['a bearer token', ['bearer_token: t'], { authorization: 'Bearer t' }],
    ['another type', ['authorization: {type: Token, credentials: t}'], { authorization: 'Token t' }],
    ['headers', ['http_headers: {X-A: {values: [1.10]}}'], { 'x-a': '1.10' }],
    [
      'of an alias',
      ['params: &a {credentials: [x]}', 'authorization: {credentials: &t t}', 'http_headers: {a: {secrets: [*t]}}'],
      { authorization: 'Bearer t', a: 't' },
    ],
  ])('%s', (_name, lines, headers) => {
    expect(headersOf(...lines)).toEqual(headers)
  })

  test('files beside the configuration', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clymene-scrape-'))
    try {
      writeFileSync(join(folder, 'token'), 'of the file\n')
      const { config, mistakes } = read(jobWith('bearer_token_file: token'), join(folder, 'c.yml'))
      expect(mistakes).toEqual([])
      expect(config.jobs[0]?.http.access.headers()).toEqual({ authorization: 'Bearer of the file' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('files that are not there are no mistake of the configuration: they may come later', () => {
    const { access } = onlyJob(jobWith('bearer_token_file: /nowhere/token', 'tls_config: {ca_file: /nowhere/ca}')).http
    expect(access.headers).toThrow('cannot read /nowhere/token: no such file')
    expect(access.tls).toThrow('cannot read /nowhere/ca: no such file')
  })
})

test('sections of a server are accepted, each with a warning that names the line', () => {
  const sections = [
    'rule_files: [a.yml]',
    'alerting: {}',
    'remote_write: [{url: "http://x"}]',
    'remote_read: []',
    'storage: {}',
    'tracing: {}',
    'otlp: {}',
    'runtime: {gogc: 50}',
  ]
  const { warnings } = good([...sections, jobWith()].join('\n'))
  const nothing = 'has no effect, an agent stores and evaluates nothing'
  expect(warnings).toEqual([
    `c.yml:1: rule_files: ${nothing}`,
    `c.yml:2: alerting: ${nothing}`,
    'c.yml:3: remote_write: has no effect and neither have its write_relabel_configs, STORAGE_TYPE and the flags of the storage say where samples go',
    `c.yml:4: remote_read: ${nothing}`,
    `c.yml:5: storage: ${nothing}`,
    `c.yml:6: tracing: ${nothing}`,
    'c.yml:7: otlp: has no effect, a gateway takes OTLP',
    'c.yml:8: runtime: has no effect, --log-level says what is logged',
  ])
})

test('a file without jobs is a file', () => {
  expect(good('')).toMatchObject({ jobs: [], warnings: [], externalLabels: [], jobsWithoutCluster: [] })
})

test('failed scrapes are logged where the job says, else global, from the folder of the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-scrape-'))
  try {
    const text = `global: {scrape_failure_log_file: all.log}\n${jobWith('scrape_failure_log_file: own.log')}\n  - job_name: k`
    const { config, mistakes } = read(text, join(folder, 'c.yml'))
    expect(mistakes).toEqual([])
    for (const { name, reportFailure } of config.jobs) reportFailure?.({ timestampMs: 0, job: name, url: 'u', error: 'e' })
    const written = ['own.log', 'all.log'].map((file) => readFileSync(join(folder, file), 'utf8'))
    expect(written).toEqual([expect.stringContaining('"job_name":"j"'), expect.stringContaining('"job_name":"k"')])
    expect(onlyJob(jobWith())).not.toHaveProperty('reportFailure')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('discovery', () => {
  test('static targets with their labels', async () => {
    const groups = await groupsOf(
      onlyJob(jobWith('static_configs:', '  - targets: [a:1, b:2]', '    labels: {env: prod}', '  - targets: [c:3]')),
    )
    expect(groups.map(({ targets, labels }) => [targets.map((target) => target.get('__address__')), Object.fromEntries(labels)])).toEqual([
      [['a:1', 'b:2'], { env: 'prod' }],
      [['c:3'], {}],
    ])
  })

  test('labels that look like numbers stay as they were written', async () => {
    const [group] = await groupsOf(onlyJob(jobWith('static_configs: [{targets: [a:1], labels: {version: 1.10, zip: 007, on: true}}]')))
    expect(Object.fromEntries(group?.labels ?? [])).toEqual({ version: '1.10', zip: '007', on: 'true' })
  })

  test('a password of the Kubernetes API is sent as it was written', async () => {
    const stop = new AbortController()
    const asked: (string | undefined)[] = []
    const api = createServer((request, response) => {
      asked.push(request.headers.authorization)
      response.writeHead(404).end()
      stop.abort()
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
      const server = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
      const [discoverer] = onlyJob(
        jobWith('kubernetes_sd_configs:', `  - {role: node, api_server: "${server}", basic_auth: {username: 1, password: 007}}`),
      ).discoverers
      await discoverer?.run(() => undefined, stop.signal)
      expect(asked[0]).toBe(`Basic ${btoa('1:007')}`)
    } finally {
      api.close()
    }
  })

  test('files beside the configuration, wherever the process was started', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clymene-scrape-'))
    try {
      writeFileSync(join(folder, 'targets.json'), JSON.stringify([{ targets: ['a:1'] }]))
      const { config, mistakes } = read(jobWith('file_sd_configs: [{files: [targets.json]}]'), join(folder, 'c.yml'))
      expect(mistakes).toEqual([])
      const groups = await groupsOf(config.jobs[0]!)
      expect(groups.flatMap(({ targets }) => targets.map((target) => target.get('__address__')))).toEqual(['a:1'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('relabelling', () => {
  const job = onlyJob(
    jobWith(
      'relabel_configs:',
      '  - {source_labels: [env], regex: prod, action: keep}',
      '  - {target_label: cluster, replacement: c1}',
      'metric_relabel_configs:',
      '  - {source_labels: [__name__], regex: go_.*, action: drop}',
    ),
  )
  test('of targets', () => {
    expect(relabelled(job, { env: 'prod' })).toEqual({ env: 'prod', cluster: 'c1' })
    expect(relabelled(job, { env: 'test' })).toBeUndefined()
  })
  test('of samples', () => {
    expect(job.metricRelabel(new Map([['__name__', 'go_gc']]))).toBe(false)
    expect(job.metricRelabel(new Map([['__name__', 'up']]))).toBe(true)
  })
})

describe('a job without a cluster of its own is named', () => {
  const CLUSTER = 'labels: {cluster: c}'
  test.each<[name: string, lines: readonly string[], isNamed: boolean]>([
    ['nothing sets one', [], true],
    ['a rule sets it', ['relabel_configs: [{target_label: cluster, replacement: c}]'], false],
    ['a rule takes it from elsewhere', ['relabel_configs: [{source_labels: [c], target_label: cluster}]'], false],
    ['a rule sets another', ['relabel_configs: [{target_label: cluster_name, replacement: c}]'], true],
    ['a rule of samples sets it: `up` has none', ['metric_relabel_configs: [{target_label: cluster, replacement: c}]'], true],
    ['the only group has the label', ['static_configs:', '  - targets: [a:1]', `    ${CLUSTER}`], false],
    ['the label is empty', ['static_configs:', '  - targets: [a:1]', '    labels: {cluster: ""}'], true],
    ['one of two groups has it', ['static_configs:', '  - targets: [a:1]', `    ${CLUSTER}`, '  - targets: [b:1]'], true],
    ['both groups have it', ['static_configs:', '  - targets: [a:1]', `    ${CLUSTER}`, '  - targets: [b:1]', `    ${CLUSTER}`], false],
    ['a brace in another label', ['static_configs:', '  - targets: [a:1]', '    labels: {a: "}", cluster: c}'], false],
    ['a label whose value says so', ['static_configs:', '  - targets: [a:1]', '    labels: {note: "cluster: c"}'], true],
    ['files may have others', ['static_configs:', '  - targets: [a:1]', `    ${CLUSTER}`, 'file_sd_configs: [{files: [a.json]}]'], true],
  ])('%s', (_name, lines, isNamed) => {
    expect(good(jobWith(...lines)).jobsWithoutCluster).toEqual(isNamed ? ['j'] : [])
  })
})

describe('a mistake names file, line and key', () => {
  const inJob = (...lines: readonly string[]): string => jobWith(...lines)
  test.each<[name: string, text: string, mistakes: readonly (string | RegExp)[]]>([
    ['an unknown section', 'scrape_config: []', ['c.yml:1: scrape_config: unknown key, did you mean scrape_configs?']],
    ['no list of jobs', 'scrape_configs: {job_name: j}', ['c.yml:1: scrape_configs: found a map, expected a list']],
    ['a job that is none', 'scrape_configs: [j]', ['c.yml:1: scrape_configs[0]: found text, expected a map']],
    ['a job without a name', 'scrape_configs:\n  - scheme: http', ['c.yml:2: scrape_configs[0]: job_name: expected a name']],
    ['a job with an empty name', 'scrape_configs:\n  - job_name: ""', ['c.yml:2: scrape_configs[0]: job_name: expected a name']],
    [
      'a name that is used twice',
      'scrape_configs:\n  - job_name: a\n  - job_name: b\n  - job_name: a',
      ['c.yml:4: scrape_configs[2].job_name: "a" is used by another job of c.yml'],
    ],
    ['an unknown key', inJob('metric_path: /x'), ['c.yml:3: scrape_configs[0].metric_path: unknown key, did you mean metrics_path?']],
    ['a key of another section', inJob('external_labels: {}'), ['c.yml:3: scrape_configs[0].external_labels: unknown key']],
    [
      'two ways to say who asks',
      inJob('bearer_token: t', 'basic_auth: {username: u}'),
      [/^c\.yml:3: scrape_configs\[0\]\.bearer_token: excludes basic_auth, give at most one of /],
    ],
    [
      'keys inside that are none',
      inJob('basic_auth: {user: u}', 'tls_config: {ca: x, insecure: true}'),
      [
        /^c\.yml:3: scrape_configs\[0\]\.basic_auth\.user: unknown key/,
        /^c\.yml:4: scrape_configs\[0\]\.tls_config\.insecure: unknown key/,
        'c.yml:4: scrape_configs[0].tls_config.ca: expected a certificate as PEM',
      ],
    ],
    [
      'an interval without a unit',
      inJob('scrape_interval: 15'),
      [
        'c.yml:3: scrape_configs[0].scrape_interval: found "15", expected a duration such as 15s or 1h30m: whole numbers, units from large to small',
      ],
    ],
    [
      'a timeout beyond the interval',
      inJob('scrape_interval: 5s', 'scrape_timeout: 6s'),
      ['c.yml:4: scrape_configs[0].scrape_timeout: 6000 ms is longer than scrape_interval, 5000 ms'],
    ],
    [
      'the same in global',
      'global:\n  scrape_interval: 5s\n  scrape_timeout: 10s',
      ['c.yml:3: global.scrape_timeout: 10000 ms is longer than scrape_interval, 5000 ms'],
    ],
    ['another scheme', inJob('scheme: ftp'), ['c.yml:3: scrape_configs[0].scheme: found "ftp", expected one of http, https']],
    ['a word for a boolean', inJob('honor_labels: so'), ['c.yml:3: scrape_configs[0].honor_labels: found "so", expected true or false']],
    [
      'a limit below zero',
      inJob('sample_limit: -1'),
      ['c.yml:3: scrape_configs[0].sample_limit: found "-1", expected a whole number of at least 0'],
    ],
    [
      'a limit of bytes in lines',
      inJob('body_size_limit: 10 lines'),
      ['c.yml:3: scrape_configs[0].body_size_limit: found "10 lines", expected a size with a unit such as 512KB or 64MiB'],
    ],
    ['parameters as a list', inJob('params: [a]'), ['c.yml:3: scrape_configs[0].params: found a list, expected a map']],
    [
      'another fallback protocol',
      inJob('fallback_scrape_protocol: PrometheusProto'),
      [
        'c.yml:3: scrape_configs[0].fallback_scrape_protocol: "PrometheusProto" is refused: it is for native histograms, which are not scraped; the text protocols carry everything else, leave it out',
      ],
    ],
    [
      'static targets as one map',
      inJob('static_configs: {targets: [a]}'),
      ['c.yml:3: scrape_configs[0].static_configs: expected a list of groups with targets and labels, found {"targets":["a"]}'],
    ],
    [
      'an unknown key of a group',
      inJob('static_configs:', '  - target: [a]'),
      ['c.yml:4: scrape_configs[0].static_configs[0].target: unknown key (known: targets, labels)'],
    ],
    [
      'files of another kind',
      inJob('file_sd_configs: [{files: [a.txt]}]'),
      [
        'c.yml:3: scrape_configs[0].file_sd_configs[0].files[0]: expected a path that ends with .json, .yml or .yaml and has a * in its last part only, found "a.txt"',
      ],
    ],
    [
      'a discovery that is not built in',
      inJob('ec2_sd_configs: []'),
      [/^c\.yml:3: scrape_configs\[0\]\.ec2_sd_configs: .*http_sd_configs/],
    ],
    ['a discovery that nobody knows', inJob('magic_sd_configs: []'), ['c.yml:3: scrape_configs[0].magic_sd_configs: unknown key']],
    [
      'a rule of an unknown action',
      inJob('relabel_configs:', '  - {action: erase}'),
      [/^c\.yml:4: scrape_configs\[0\]\.relabel_configs\[0\]\.action: "erase" is unknown, expected one of replace/],
    ],
    [
      'a regex that is none',
      inJob('metric_relabel_configs:', '  - {source_labels: [a], regex: "(", action: drop}'),
      [/^c\.yml:4: scrape_configs\[0\]\.metric_relabel_configs\[0\]\./],
    ],
    [
      'a parameter that is no list',
      inJob('params: {module: http}'),
      ['c.yml:3: scrape_configs[0].params.module: found text, expected a list of texts'],
    ],
    [
      'numbers in disguise',
      inJob(
        'sample_limit: 010',
        'dns_sd_configs:',
        '  - {names: [a], type: A, port: "1"}',
        '  - {names: [a], type: A, port: 080}',
        'relabel_configs:',
        '  - {action: hashmod, target_label: t, modulus: 010}',
      ),
      [
        'c.yml:5: scrape_configs[0].dns_sd_configs[0].port: found "1", expected a number, without quotes',
        'c.yml:6: scrape_configs[0].dns_sd_configs[1].port: found "080", YAML reads a leading zero in two ways: write 80',
        'c.yml:8: scrape_configs[0].relabel_configs[0].modulus: found "010", YAML reads a leading zero in two ways: write 8 or 10',
        'c.yml:3: scrape_configs[0].sample_limit: found "010", YAML reads a leading zero in two ways: write 8 or 10',
      ],
    ],
    [
      'rules and groups, each by its own line',
      inJob(
        'relabel_configs:',
        '  - {action: a}',
        '  - {action: keep}',
        '  - action: replace',
        '    modulus: x',
        'static_configs:',
        '  - labels:',
        '      a: [b]',
      ),
      [
        /^c\.yml:4: scrape_configs\[0\]\.relabel_configs\[0\]\.action: /,
        /^c\.yml:7: scrape_configs\[0\]\.relabel_configs\[2\]\.modulus: /,
        /^c\.yml:10: scrape_configs\[0\]\.static_configs\[0\]\.labels\.a: /,
      ],
    ],
    [
      'a variable that the environment does not have',
      'global:\n  external_labels:\n    a: ${NOWHERE}',
      ['c.yml:2: global.external_labels: a: the environment has no NOWHERE'],
    ],
    ['external labels as a list', 'global:\n  external_labels: [a]', ['c.yml:2: global.external_labels: found a list, expected a map']],
    [
      'an external label that is a list',
      'global:\n  external_labels: {a: [b]}',
      ['c.yml:2: global.external_labels.a: found a list, expected text'],
    ],
    [
      'a metric name as an external label',
      'global:\n  external_labels: {__name__: x}',
      ['c.yml:2: global.external_labels: "__name__" cannot be an external label'],
    ],
    ...['scrape_native_histograms', 'convert_classic_histograms_to_nhcb'].flatMap((key) =>
      [
        [`${key} of a job`, inJob(`${key}: true`), 'c.yml:3: scrape_configs[0]'] as const,
        [`${key} of all`, `global:\n  ${key}: true`, 'c.yml:2: global'] as const,
      ].map(([name, text, where]): [string, string, string[]] => [
        name,
        text,
        [`${where}.${key}: true is refused: native histograms are not scraped; classic ones always are, leave it out or give false`],
      ]),
    ),
    ['no protocol', inJob('scrape_protocols: []'), ['c.yml:3: scrape_configs[0].scrape_protocols: expected at least one protocol']],
    ['protocols as text', inJob('scrape_protocols: x'), ['c.yml:3: scrape_configs[0].scrape_protocols: found text, expected a list']],
    [
      'a protocol twice',
      inJob('scrape_protocols: [OpenMetricsText1.0.0, openmetricstext1.0.0]'),
      [
        'c.yml:3: scrape_configs[0].scrape_protocols: "openmetricstext1.0.0" stands there twice',
        'c.yml:3: scrape_configs[0].scrape_protocols: "openmetricstext1.0.0" is unknown, expected one of PrometheusText0.0.4, PrometheusText1.0.0, OpenMetricsText0.0.1, OpenMetricsText1.0.0',
      ],
    ],
    [
      'protocols that are not read',
      'global: {scrape_protocols: [PrometheusProto, OpenMetricsText2.0.0, Foo]}',
      [
        /^c\.yml:1: global\.scrape_protocols: "PrometheusProto" is refused: it is for native histograms/,
        /^c\.yml:1: global\.scrape_protocols: "OpenMetricsText2\.0\.0" is refused: it is an experiment; give OpenMetricsText1\.0\.0$/,
        /^c\.yml:1: global\.scrape_protocols: "Foo" is unknown/,
      ],
    ],
    [
      'a key of an earlier version',
      inJob('scrape_classic_histograms: true'),
      ['c.yml:3: scrape_configs[0].scrape_classic_histograms: is always_scrape_classic_histograms since Prometheus 3'],
    ],
    [
      'another validation of names',
      inJob('metric_name_validation_scheme: ascii'),
      ['c.yml:3: scrape_configs[0].metric_name_validation_scheme: found "ascii", expected one of utf8, legacy'],
    ],
    [
      'another escaping of names',
      'global: {metric_name_escaping_scheme: none}',
      ['c.yml:1: global.metric_name_escaping_scheme: found "none", expected one of allow-utf-8, underscores, dots, values'],
    ],
    [
      'names in UTF-8 that legacy refuses',
      inJob('metric_name_validation_scheme: legacy', 'metric_name_escaping_scheme: allow-utf-8'),
      [/^c\.yml:4: scrape_configs\[0\]\.metric_name_escaping_scheme: metric_name_escaping_scheme is allow-utf-8, expected underscores/],
    ],
    [
      'an external label that legacy refuses',
      'global:\n  metric_name_validation_scheme: legacy\n  external_labels: {a.b: c}',
      ['c.yml:3: global.external_labels: "a.b" cannot be an external label'],
    ],
    [
      'labels of rules that legacy refuses',
      inJob(
        'metric_name_validation_scheme: legacy',
        'relabel_configs: [{target_label: a}, {target_label: a.b}, {action: labelmap, replacement: "x.$1"}]',
      ),
      [
        'c.yml:4: scrape_configs[0].relabel_configs[1].target_label: "a.b" is no label name of metric_name_validation_scheme legacy',
        'c.yml:4: scrape_configs[0].relabel_configs[2].replacement: "x.$1" is no label name of metric_name_validation_scheme legacy',
      ],
    ],
    [
      'a URL as a target',
      inJob('static_configs:', '  - targets: [a:1, "http://b:2/metrics"]'),
      [
        'c.yml:4: scrape_configs[0].static_configs[0].targets[1]: expected host:port without scheme and path, which are scheme and metrics_path of the job',
      ],
    ],
    [
      'a brace that is not closed',
      'global:\n  external_labels: {a: "${REGION"}',
      [/external_labels: a: expected a name and a brace after it in "\$\{REGION"$/],
    ],
    [
      'a group in place of a variable',
      'global:\n  external_labels: {a: $1}',
      ['c.yml:2: global.external_labels: a: the environment has no 1'],
    ],
    ['a rule of nothing', inJob('relabel_configs:', '  -'), [/^c\.yml:4: scrape_configs\[0\]\.relabel_configs\[0\]: expected a rule/]],
    ['a file that names no list', 'scrape_config_files: a.yml', ['c.yml:1: scrape_config_files: found text, expected a list']],
    [
      'a pattern of folders',
      'scrape_config_files: ["*/a.yml"]',
      ['c.yml:1: scrape_config_files: "*/a.yml": expected a path that has a * in its last part only'],
    ],
    [
      'a pattern that is none',
      'scrape_config_files: ["[a.yml"]',
      [/^c\.yml:1: scrape_config_files: "\[a\.yml": expected a pattern whose brackets/],
    ],
    [
      'an unknown key of global',
      'global: {scrape_intervall: 15s}',
      ['c.yml:1: global.scrape_intervall: unknown key, did you mean scrape_interval?'],
    ],
  ])('%s', (_name, text, mistakes) => {
    expectMistakes(read(text).mistakes, mistakes)
  })
})

test('a target that rules take apart may be a URL', () => {
  const text = jobWith('static_configs: [{targets: ["http://a/b"]}]', 'relabel_configs: [{source_labels: [__address__], target_label: x}]')
  expect(read(text).mistakes).toEqual([])
})

test('limits of native histograms are accepted with a warning', () => {
  const { warnings } = good(jobWith('native_histogram_bucket_limit: 100', 'native_histogram_min_bucket_factor: 1.1'))
  expect(warnings).toEqual([
    'c.yml:3: scrape_configs[0].native_histogram_bucket_limit: has no effect, native histograms are not scraped',
    'c.yml:4: scrape_configs[0].native_histogram_min_bucket_factor: has no effect, native histograms are not scraped',
  ])
})

test('each job in a line', () => {
  const { summary } = good(
    `${jobWith('scrape_interval: 15s', 'static_configs: [{targets: [a:1]}]', 'file_sd_configs: [{files: [a.json]}, {files: [b.json]}]')}\n  - job_name: k`,
  )
  expect(summary).toEqual([
    'job "j": every 15s, static_configs, file_sd_configs (2) (c.yml:2)',
    'job "k": every 60s, no discovery (c.yml:6)',
  ])
})

test('all mistakes of all jobs are told at once', () => {
  const { mistakes } = read(`
global:
  scrape_interval: 15
  external_labels: {a: $NOWHERE}
scrape_configs:
  - job_name: a
    scheme: gopher
    metric_path: /x
    relabel_configs: [{action: erase}, {action: hashmod}]
    ec2_sd_configs: []
  - job_name: a
    honor_labels: maybe
alert: {}
`)
  const lines = mistakes.map((mistake) => Number(/^c\.yml:(\d+):/.exec(mistake)?.[1]))
  expect(lines.toSorted((a, b) => a - b)).toEqual([3, 4, 7, 8, 9, 9, 9, 10, 11, 12, 13])
})
