import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { runCli, SERVICES, TOOLS } from 'clymene'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { blocksOf } from './commands.ts'
import { GO_FLAGS } from './go-flags.ts'
import { HERE } from './tried.ts'

const PROMTAIL = `
server: { http_listen_port: 9080, grpc_listen_port: 0 }
positions: { filename: /tmp/positions.yaml }
clients: [{ url: 'http://loki:3100/loki/api/v1/push', tenant_id: shop, external_labels: { cluster: cluster-b } }]
scrape_configs:
  - job_name: system
    static_configs: [{ targets: [localhost], labels: { job: varlogs, __path__: '/var/log/*log' } }]
  - job_name: kubernetes-pods
    pipeline_stages: [{ cri: {} }]
    kubernetes_sd_configs: [{ role: pod }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_controller_name], regex: '([0-9a-z-.]+?)(-[0-9a-f]{8,10})?', target_label: __tmp_controller_name }
      - { source_labels: [__meta_kubernetes_pod_label_app, __tmp_controller_name], regex: '^;*([^;]+)(;.*)?$', target_label: app }
      - { source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /, replacement: '/var/log/pods/*$1/*.log', target_label: __path__ }
      - { target_label: cluster, replacement: clymene-cluster }
`
const CLYMENE = `
global: { scrape_interval: 15s }
scrape_configs: [{ job_name: node-exporter, static_configs: [{ targets: ['node-exporter:9100'], labels: { cluster: clymene-cluster } }] }]
`
const PROMETHEUS = `${CLYMENE}remote_write: [{ url: 'http://prometheus:9090/api/v1/write' }]\n`

let folder = ''
let started = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-docs-'))
  const files = {
    'promtail.yml': PROMTAIL,
    'clymene.yml': CLYMENE,
    'prometheus.yml': PROMETHEUS,
    'elastic.password': 'secret',
    'efk.yml': blocksOf('docs/migrate.md', 'yaml')[0] ?? '',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  started = process.cwd()
  process.chdir(folder)
})
afterAll(() => {
  process.chdir(started)
  rmSync(folder, { recursive: true })
})

/** Variables before the command, then its words: no command that runs here has quotes. */
async function run(command: string) {
  let output = ''
  const take = (text: unknown): boolean => Boolean((output += String(text)))
  vi.spyOn(process.stdout, 'write').mockImplementation(take)
  vi.spyOn(process.stderr, 'write').mockImplementation(take)
  try {
    const [, variables = '', words = ''] = /^((?:[A-Z_]+=\S* )*)(?:npx --no )?clymene (.*)$/.exec(command) ?? []
    const environment = Object.fromEntries(
      variables
        .split(' ')
        .filter((pair) => pair !== '')
        .map((pair) => pair.split('=')),
    )
    const status = await runCli(SERVICES, words.split(' '), environment, TOOLS)
    return { status, output }
  } finally {
    vi.restoreAllMocks()
    process.exitCode = undefined
  }
}

test.each(HERE)('%s', async (command, expected) => {
  const { status, output } = await run(command)
  expect({ status, ...(status !== expected && { output }) }).toEqual({ status: expected })
})

test('from-promtail tells flags for each key of clients', async () => {
  const { output } = await run('clymene from-promtail promtail.yml')
  for (const flag of [
    '--loki.client.url=http://loki:3100/loki/api/v1/push',
    '--clymene-promtail.tenant-id=shop',
    '--clymene-promtail.external-labels=cluster=cluster-b',
  ])
    expect(output).toContain(flag)
})

test.each(GO_FLAGS)('every flag of Go: $command with STORAGE_TYPE=$storage', async ({ command, storage, file, flags }) => {
  const config = file === undefined ? [] : [`--config.file=${file}`]
  const { status, output } = await run([`STORAGE_TYPE=${storage} clymene ${command} validate`, ...config, ...flags].join(' '))
  expect({ status, ...(status !== 0 && { output }) }).toEqual({ status: 0 })
})

test.each([
  ['STORAGE_TYPE=influxdb clymene ingester validate', 'STORAGE_TYPE names "influxdb"'],
  ['STORAGE_TYPE=tdengine,prometheus clymene ingester validate', 'STORAGE_TYPE names "tdengine"'],
  ['TS_STORAGE_TYPE=prometheus clymene gateway validate', 'TS_STORAGE_TYPE'],
  ['STORAGE_TYPE=kafka clymene gateway validate --kafka.producer.authentication=kerberos', 'not supported'],
  ['clymene ingester validate', 'STORAGE_TYPE is empty'],
])('what is refused is named: %s', async (command, named) => {
  const { status, output } = await run(command)
  expect(status).toBe(2)
  expect(output).toContain(named)
})
