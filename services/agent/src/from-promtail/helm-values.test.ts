import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { helmValues, type HelmValuesOptions } from './helm-values.ts'

const CLIENT = 'clients: [{ url: "http://u:SECRET@loki:3100/push?a=b", tenant_id: t, external_labels: { cluster: c } }]\n'
const POSITIONS = 'positions: { filename: /run/promtail/positions.yaml }\n'
const JOBS = `scrape_configs:
  - { job_name: a, static_configs: [{ labels: { __path__: /var/log/a.log } }] }
`
const NOTHING_ELSE = {
  agent: { enabled: false },
  events: { enabled: false },
  nodeExporter: { enabled: false },
  kubeStateMetrics: { enabled: false },
}

function valuesOf(text: string, options: Partial<HelmValuesOptions> = {}) {
  const { text: values, ...rest } = helmValues({ config: { path: 'p.yml', text }, cluster: '', gatewayHosts: [], ...options })
  return { ...rest, values: parse(values), text: values }
}

test('lines go to Loki, as the client says; the jobs stay to the letter, the client and its secret go', () => {
  const { values, text, mistakes, notes } = valuesOf(`${CLIENT}${POSITIONS}${JOBS}`)
  expect(values).toEqual({
    role: 'target',
    cluster: 'c',
    route: 'direct',
    storages: { logs: ['loki'], loki: { url: 'http://loki:3100/push?a=b' } },
    logAgent: {
      configuration: `${POSITIONS}${JOBS}`,
      extraArgs: ['--loki.client.username=u', '--clymene-promtail.tenant-id=t', '--clymene-promtail.external-labels=cluster=c'],
      hostPaths: { state: '/run/promtail' },
      extraVolumeMounts: [{ name: 'state', mountPath: '/run/promtail' }],
    },
    ...NOTHING_ELSE,
  })
  expect(text).not.toContain('SECRET')
  expect(mistakes).toEqual([])
  expect(notes).toEqual([expect.stringContaining('put the password in it in a file')])
})

test('lines go to gateways; what was said of Loki is told, for who writes to it', () => {
  const { values, notes } = valuesOf(`${CLIENT}${POSITIONS}${JOBS}`, { gatewayHosts: ['192.0.2.10', 'gateway.example'] })
  expect(values).toEqual({
    role: 'target',
    cluster: 'c',
    target: { gatewayHosts: ['192.0.2.10', 'gateway.example'] },
    logAgent: expect.objectContaining({
      extraArgs: ['--clymene-promtail.tenant-id=t', '--clymene-promtail.external-labels=cluster=c'],
    }),
    ...NOTHING_ELSE,
  })
  expect(notes).toEqual([
    'p.yml: gateways write to Loki: --loki.client.username=u --loki.client.url=http://loki:3100/push?a=b is for storages and logIngester of the main cluster',
  ])
})

const TO_LOKI = 'clients: [{ url: http://loki/push }]\n'
const cluster = 'c'

describe('the log agent', () => {
  test.each<[what: string, text: string, logAgent: Record<string, unknown>]>([
    [
      'gets no label that Promtail did not have',
      `${TO_LOKI}${JOBS}`,
      { extraArgs: ['--cluster=c', '--clymene-promtail.external-labels='] },
    ],
    [
      'has positions of its own where those were in the pod',
      'positions: { filename: /tmp/p.yaml }\n',
      { extraVolumeMounts: [{ name: 'state', mountPath: '/tmp' }], hostPaths: undefined },
    ],
    [
      'has them where the chart has them already',
      'positions: { filename: /var/lib/clymene-promtail/p.yaml }\n',
      { extraVolumeMounts: undefined, hostPaths: undefined },
    ],
    ['reads the journal', `${POSITIONS}scrape_configs: [{ job_name: j, journal: {} }]\n`, { journal: true }],
    ['logs as much', `${POSITIONS}server: { log_level: debug }\n`, { extraArgs: expect.arrayContaining(['--log-level=debug']) }],
  ])('%s', (_, text, logAgent) => {
    const { values } = valuesOf(text.includes('clients') ? text : `${TO_LOKI}${text}`, { cluster })
    expect(Object.fromEntries(Object.keys(logAgent).map((key) => [key, values.logAgent[key]]))).toEqual(logAgent)
  })
})

describe('what the values cannot say is told', () => {
  test.each<[what: string, text: string, notes: readonly (string | RegExp)[]]>([
    [
      'the port of the server',
      `server: { http_listen_port: 9080 }\n${TO_LOKI}${POSITIONS}`,
      ['p.yml:1: server: its port is 15698 in the chart, not :9080'],
    ],
    [
      'files',
      `clients: [{ url: http://l/p, bearer_token_file: /t, tls_config: { ca_file: /etc/clymene-credentials/ca } }]\n${POSITIONS}`,
      [/^--loki\.client\.token-file=\/t: the pod has \/etc\/clymene-credentials, /],
    ],
    [
      'paths that are not mounted',
      `${TO_LOKI}${POSITIONS}scrape_configs:
  - job_name: a
    static_configs: [{ labels: { __path__: /srv/a.log } }, { labels: { __path__: /var/lib/docker/containers/*/*.log } }]
    relabel_configs: [{ target_label: __path__, replacement: /data/$1.log }, { target_label: b, replacement: /c }]
`,
      [/^p\.yml:4: scrape_configs\[0\]: the pod has no \/srv\/a\.log: /, /: the pod has no \/data\/\$1\.log: /],
    ],
  ])('%s', (_, text, notes) => {
    expect(valuesOf(text, { cluster }).notes).toEqual(notes.map((note) => (typeof note === 'string' ? note : expect.stringMatching(note))))
  })

  test('variables that are put in', () => {
    const text = `${TO_LOKI}${POSITIONS}scrape_configs: [{ job_name: "\${A}-\${HOSTNAME}-\${B:-b}-$\${C}", static_configs: [] }]\n`
    const { notes, values } = valuesOf(text, { cluster, expandFrom: { A: 'a', HOSTNAME: 'h' } })
    expect(notes).toEqual(['--config.expand-env: logAgent.extraEnv has to have A, B'])
    expect(values.logAgent.extraArgs).toContain('--config.expand-env=true')
    expect(values.logAgent.configuration).toContain('${A}-${HOSTNAME}')
  })
})

test('a rule in each job names the cluster before the labels of the client do', () => {
  const rule = 'relabel_configs: [{ target_label: cluster, replacement: by-rule }]'
  expect(valuesOf(`${CLIENT}${POSITIONS}scrape_configs: [{ job_name: a, static_configs: [], ${rule} }]\n`).values.cluster).toBe('by-rule')
})

describe('positions that a pod could not write are a mistake', () => {
  test.each(['/var/log', '/etc/promtail', ''])('in %j', (folder) => {
    const { mistakes } = valuesOf(`${TO_LOKI}positions: { filename: ${folder}/positions.yaml }\n`, { cluster })
    expect(mistakes).toEqual([expect.stringMatching(/^p\.yml: positions\.filename: \/\S* cannot be written in a pod of the chart/)])
  })

  test('as they are when nothing says where', () => {
    expect(valuesOf(TO_LOKI, { cluster }).mistakes).toEqual([expect.stringContaining('positions.filename: /var/log cannot be written')])
  })
})

describe('what the chart has to be told is refused where nobody says it', () => {
  test.each<[text: string, options: Partial<HelmValuesOptions>, message: string]>([
    [TO_LOKI, {}, '--cluster is empty, and p.yml names no cluster, or several: expected its name'],
    [TO_LOKI, { cluster: 'a b' }, '--cluster="a b": expected letters, digits, ".", "_" and "-", as the chart takes them'],
    [`${CLIENT}${JOBS}`, { cluster: 'd' }, '--cluster="d": the jobs of p.yml say "c"'],
    [JOBS, { cluster }, 'p.yml has no client with a url: --gateway-hosts has to say where lines go'],
    [JOBS, { cluster, gatewayHosts: ['a:1'] }, '--gateway-hosts: "a:1": expected a name or an address, without a port'],
    ['- a', { cluster }, 'p.yml:1: expected a map at the top level'],
  ])('%j %j', (text, options, message) => {
    expect(() => valuesOf(text, options)).toThrow(message)
  })
})
