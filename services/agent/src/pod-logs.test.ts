import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { agentCommand } from './command.ts'
import { dryRun } from './dry-run.ts'
import { logContext } from './own-node.ts'
import { readLogConfigs } from './read-configs.ts'

let folder = ''
const ending: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-pod-logs-'))
})
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end()
  rmSync(folder, { recursive: true })
})

/** An API server that knows these pods and says what it was asked. */
async function startApi() {
  const asked: URL[] = []
  const watchers: ServerResponse[] = []
  let version = 1
  const eventOf = (type: string, name: string, hostname: string): string => {
    const metadata = {
      name,
      namespace: 'n',
      uid: `uid-${name}`,
      resourceVersion: String(version++),
      labels: { app: 'web' },
      annotations: { hostname },
    }
    const object = { metadata, spec: { nodeName: 'n1', containers: [{ name: 'c' }] }, status: { podIP: '1.1.1.1' } }
    return `${JSON.stringify({ type, object })}\n`
  }
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://api'))
    watchers.push(response)
    const annotations = { 'k8s.io/initial-events-end': 'true' }
    response.write(eventOf('ADDED', 'first', 'n1') + eventOf('ADDED', 'elsewhere', 'n2'))
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '2', annotations } } })}\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ending.push(() => {
    server.closeAllConnections()
    server.close()
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  const say = (type: string, name: string): void => {
    for (const watcher of watchers) watcher.write(eventOf(type, name, 'n1'))
  }
  return { url: `http://127.0.0.1:${port}`, asked, say }
}

const configFor = (url: string, selectors = ''): string => `
positions: {filename: ${folder}/positions.yaml}
target_config: {sync_period: 100ms}
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs: [{role: pod, api_server: "${url}"${selectors}}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
      - {source_labels: [__meta_kubernetes_pod_annotation_hostname], target_label: __host__}
      - source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name]
        separator: /
        target_label: __path__
        replacement: ${folder}/pods/*$1/*.log
`

function writeLog(pod: string, text: string): void {
  const directory = join(folder, 'pods', `n_${pod}_uid-${pod}`, 'c')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, '0.log'), text)
}

/** What a dry run prints: the same reading as a real one. */
function printedBy(text: string, ownNode?: string, excludedNamespaces: readonly string[] = []) {
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const lines: string[] = []
  const stop = new AbortController()
  const print = (more: string): Promise<void> => {
    lines.push(...more.trimEnd().split('\n'))
    return Promise.resolve()
  }
  const running = dryRun(
    {
      logConfigs: readLogConfigs([{ path: 'p.yml', text }], {
        ...context,
        excludedNamespaces,
        ...(ownNode === undefined ? {} : { ownNode }),
      }),
      logLabels: [],
      logBatch: { bytes: 1024, waitMs: 5 },
      cluster: 'c1',
      streams: 1,
      hostName: 'n1',
      storages: ['loki'],
      print,
      scratch: folder,
      bufferFolder: join(folder, 'buffer'),
      logger: silentLogger,
      metrics: createMetrics(),
    },
    stop.signal,
  )
  ending.push(async () => {
    stop.abort()
    await running
    await context.close()
  })
  return lines
}

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error(`still not: ${condition.toString()}`)
    },
    { timeout: 20_000, interval: 10 },
  )

test('files of the pods of the own node are read, those of pods that come later too, and not those of another host', async () => {
  const api = await startApi()
  writeLog('first', 'a line\n')
  writeLog('later', 'a later line\n')
  writeLog('elsewhere', 'not ours\n')
  const lines = printedBy(configFor(api.url), 'n1')
  await until(() => lines.length === 1)
  expect(lines[0]).toMatch(/\t\{cluster="c1", filename=".*", pod="first"\}\ta line$/)
  api.say('ADDED', 'later')
  await until(() => lines.length === 2)
  expect(lines[1]).toMatch(/pod="later"\}\ta later line$/)
})

test('pods by their folders and by links, each file once, without the namespaces that are excluded', async () => {
  const containers = join(folder, 'containers')
  const elsewhere = join(folder, 'docker', 'web.log')
  mkdirSync(containers)
  mkdirSync(join(folder, 'docker'))
  const link = (pod: string, namespace: string, target: string): void =>
    symlinkSync(target, join(containers, `${pod}_${namespace}_c-${'a'.repeat(64)}.log`))
  writeLog('first', 'a line\n')
  link('first', 'n', join(folder, 'pods', 'n_first_uid-first', 'c', '0.log'))
  writeFileSync(elsewhere, 'a line by a link\n')
  link('web', 'n', elsewhere)
  link('hidden', 'kube-logging', elsewhere)
  const relabel = `
    relabel_configs:
      - {source_labels: [__meta_kubernetes_namespace, __meta_kubernetes_pod_name, __meta_kubernetes_pod_container_name], separator: /, target_label: of}
      - {source_labels: [__meta_kubernetes_pod_uid], target_label: uid}
`
  const job = `  - job_name: pods\n    pod_logs_sd_configs: [{path: ${folder}, api: false}]${relabel}`
  const lines = printedBy(`target_config: {sync_period: 50ms}\nscrape_configs:\n${job}`, 'n1', ['kube-logging', 'kube-system'])
  await until(() => lines.length === 2)
  writeLog('last', 'the last line\n')
  await until(() => lines.some((line) => line.endsWith('the last line')))
  expect(lines.map((line) => line.replace(/^.*(of="[^"]*").*?( uid="[^"]*")?}\t/, '$1$2 ')).toSorted()).toEqual([
    'of="n/first/c" uid="uid-first" a line',
    'of="n/last/c" uid="uid-last" the last line',
    'of="n/web/c" a line by a link',
  ])
})

test.each<[what: string, selectors: string, ownNode: string | undefined, asked: string | null]>([
  ['the own node', '', 'n1', 'spec.nodeName=n1'],
  [
    'the own node beside what is selected',
    ', selectors: [{role: pod, field: status.phase=Running}]',
    'n1',
    'status.phase=Running,spec.nodeName=n1',
  ],
  ['all nodes', '', undefined, null],
])('pods of %s are asked for', async (_what, selectors, ownNode, expected) => {
  const api = await startApi()
  printedBy(configFor(api.url, selectors), ownNode)
  await until(() => api.asked.length === 1)
  expect(api.asked[0]?.searchParams.get('fieldSelector')).toBe(expected)
})

test.each<[what: string, env: NodeJS.ProcessEnv, allNodes: boolean, ownNode: unknown]>([
  ['the node of the manifests', { HOSTNAME: 'n1' }, false, 'n1'],
  ['the host name', {}, false, expect.any(String)],
  ['every node', { HOSTNAME: 'n1' }, true, undefined],
])('whose pods: %s', (_what, env, allNodes, ownNode) => {
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  expect(logContext(context, env, { 'logs.all-nodes': allNodes, 'logs.exclude-namespaces': [] }).ownNode).toEqual(ownNode)
})

test('what is only checked is not connected to', async () => {
  const api = await startApi()
  const scrape = join(folder, 'scrape.yml')
  const logs = join(folder, 'logs.yml')
  writeFileSync(scrape, `scrape_configs: [{job_name: s, kubernetes_sd_configs: [{role: node, api_server: "${api.url}"}, {role: pod}]}]`)
  writeFileSync(logs, configFor(api.url))
  const { warnings } = await agentCommand.configure([`--config.file=${scrape}`, `--promtail.config.file=${logs}`, '--cluster=c'], {})
  expect(warnings).toEqual([])
  expect(api.asked).toEqual([])
})
