import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { type BoardFile, readBoards } from '../dashboards/board-files.ts'
import { checkDashboards, type CheckedDashboards, type DashboardCheck } from '../dashboards/check-dashboards.ts'
import type { Choice } from '../dashboards/choose-variables.ts'
import { type ServedCluster, serveExporters } from '../dashboards/served-cluster.ts'
import type { Series } from '../dashboards/store-queries.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { describeWithEngines, type Engine, freePort, startLoki, startNodeExporter, startPrometheus } from '../engines/index.ts'
import { type Service, startService } from './service.ts'

const SCRAPE_SECONDS = 1
/** Windows are four times that: a busy machine may miss several scrapes. */
const BOARD_SECONDS = 5
const pods = [
  { namespace: 'shop', name: 'web-0', container: 'web', claims: ['disk-web-0', 'shared'] },
  { namespace: 'shop', name: 'web-1', container: 'web', claims: ['shared'], movedFrom: 'left-node' },
]
/** Of the first much is seen twice: node-exporter and cAdvisor by two jobs, a moved pod at both its nodes, objects by two replicas. */
const clusters: readonly (ServedCluster & { readonly cluster: string; readonly seenTwice: boolean })[] = ['main', 'target'].map(
  (cluster, at) => ({
    cluster,
    seenTwice: cluster === 'main',
    node: `${cluster}-node`,
    pods: cluster === 'main' ? pods : [...pods, { namespace: 'shop', name: 'web-2', container: 'web' }],
    startedAt: Date.now() - (at + 1) * 3_600_000,
  }),
)

const MAIN = { cluster: 'main', node: 'main-node', namespace: 'shop', pod: 'web-0' }

describeWithEngines(['prometheus', 'loki', 'node-exporter'], 'dashboards on what two agents of two clusters collect', () => {
  const started: { stop: () => Promise<unknown> }[] = []
  let prometheus: Engine
  let loki: Engine
  beforeAll(async () => {
    const engines = await Promise.all([startPrometheus(), startLoki(), startNodeExporter()])
    started.push(...engines)
    ;[prometheus, loki] = engines
    const agents = await Promise.all(clusters.map((cluster) => startAgent(cluster, engines[2])))
    started.push(...agents)
  })
  afterAll(() => Promise.all(started.map((one) => one.stop())))

  async function startAgent(cluster: (typeof clusters)[number], nodeExporter: Engine): Promise<Service> {
    const exporters = await serveExporters(cluster)
    started.push(exporters)
    const directory = makeDataDirectory('dashboards')
    started.push({ stop: async () => rmSync(directory, { recursive: true, force: true }) })
    writeFileSync(join(directory, 'scrape.yml'), scrapeConfig(cluster, exporters.address, new URL(nodeExporter.url).host))
    writeFileSync(join(directory, 'promtail.yml'), logConfig(cluster, directory))
    for (const pod of cluster.pods) writeLog(directory, cluster.cluster, pod.name)
    return startService('agent', {
      environment: { STORAGE_TYPE: 'prometheus,loki' },
      flags: [
        `--http.port=127.0.0.1:${await freePort()}`,
        `--config.file=${join(directory, 'scrape.yml')}`,
        `--promtail.config.file=${join(directory, 'promtail.yml')}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
        `--loki.client.url=${loki.url}/loki/api/v1/push`,
      ],
    })
  }

  const check = (choose: Choice, more: Pick<DashboardCheck, 'boards' | 'mayBeEmpty' | 'rangeSeconds'> = {}): Promise<CheckedDashboards> =>
    checkDashboards({ prometheusUrl: prometheus.url, lokiUrl: loki.url, choose, scrapeIntervalSeconds: BOARD_SECONDS, ...more })

  const valuesOf = ({ answers }: CheckedDashboards, key: string) => {
    const found = answers.get(key)
    if (found === undefined) throw new Error(`no ${key} among ${[...answers.keys()].join(', ')}`)
    return found
  }

  const linesOf = (checked: CheckedDashboards, key: string) => valuesOf(checked, key).flatMap(({ values }) => values)

  test('every query of every panel and variable has an answer, and depends on what is chosen', async () => {
    await expect.poll(async () => (await check(MAIN)).problems, { timeout: 90_000, interval: 1000 }).toEqual([])
    const { choices, answers } = await check(MAIN)
    expect(choices.get('clymene-node cluster')).toEqual(['main', 'target'])
    expect(choices.get('clymene-node node')).toEqual(['main-node'])
    expect(choices.get('clymene-pod pod')).toEqual(['web-0', 'web-1'])
    expect(answers.size).toBeGreaterThan(80)
  })

  test('another pod is another log and other numbers', async () => {
    const [first, second, both] = await Promise.all(['web-0', 'web-1', ['web-0', 'web-1']].map((pod) => check({ ...MAIN, pod })))
    for (const checked of [first, second, both]) expect(checked?.problems).toEqual([])
    const log = 'clymene-pod #14 Logs of $pod A'
    expect(linesOf(first!, log)).toEqual(['main web-0 error: 2', 'main web-0 line 1'])
    expect(linesOf(second!, log)).toEqual(['main web-1 error: 2', 'main web-1 line 1'])
    expect(linesOf(both!, log).map(String).toSorted()).toEqual([
      'web-0 main web-0 error: 2',
      'web-0 main web-0 line 1',
      'web-1 main web-1 error: 2',
      'web-1 main web-1 line 1',
    ])
    const memory = 'clymene-pod #12 Memory A'
    expect(linesOf(first!, memory).at(-1)).toBe(2 ** 25)
    expect(linesOf(second!, memory).at(-1)).toBe(2 ** 26)
    expect(linesOf(second!, 'clymene-pod #3 Restarts A')).toEqual([1])
    expect(valuesOf(both!, 'clymene-pod #11 CPU A').map(({ labels }) => labels.get('pod'))).toEqual(['web-0', 'web-1'])
  })

  test('another cluster is other nodes, pods and logs', async () => {
    const [main, target] = await Promise.all([check(MAIN), check({ ...MAIN, cluster: 'target', node: 'target-node' })])
    expect(target.problems).toEqual([])
    expect(target.choices.get('clymene-node node')).toEqual(['target-node'])
    expect(target.choices.get('clymene-pod pod')).toEqual(['web-0', 'web-1', 'web-2'])
    const podsOf = (checked: CheckedDashboards) => valuesOf(checked, 'clymene-node #51 Pods A').map(({ labels }) => labels.get('pod'))
    expect([podsOf(main), podsOf(target)]).toEqual([
      ['web-0', 'web-1'],
      ['web-0', 'web-1', 'web-2'],
    ])
    expect(linesOf(target, 'clymene-pod #14 Logs of $pod A')).toEqual(['target web-0 error: 2', 'target web-0 line 1'])
    expect(linesOf(target, 'clymene-node #62 Logs A').map(String).toSorted()).toEqual(
      ['web-0', 'web-1', 'web-2'].flatMap((pod) => [`shop/${pod} target ${pod} error: 2`, `shop/${pod} target ${pod} line 1`]),
    )
    expect(linesOf(main, 'clymene-node #7 Pods A')).toEqual([2])
  })

  // A device or a rate that only one of the two agents has met is gone from the window soon; what is counted twice stays.
  test('what is seen twice is counted once', () => vi.waitFor(seenTwiceIsCountedOnce, { timeout: 150_000, interval: 1000 }))

  async function seenTwiceIsCountedOnce() {
    const both = ['web-0', 'web-1']
    const [twice, once] = await Promise.all([
      check({ ...MAIN, pod: both }, { rangeSeconds: 60 }),
      check({ ...MAIN, cluster: 'target', node: 'target-node', pod: both }, { rangeSeconds: 60 }),
    ])
    expect(twice.problems).toEqual([])
    const named = ({ labels }: Series) =>
      [...labels]
        .map(([name, value]) => `${name}=${value}`)
        .toSorted()
        .join()
    const lastOf = (checked: CheckedDashboards, key: string) =>
      new Map(valuesOf(checked, key).map((series) => [named(series), Number(series.values.at(-1))]))
    // A moved pod is at two nodes for a moment, the clusters are not of one age, and the log of each is its own.
    const others = ['#7 Runs on', '#8 Age', '#13 ', '#14 ']
    const keys = [...once.answers.keys()].filter((key) => key.startsWith('clymene-pod') && !others.some((other) => key.includes(other)))
    expect(keys.length).toBeGreaterThanOrEqual(30)
    for (const key of keys) {
      const [seen, expected] = [lastOf(twice, key), lastOf(once, key)]
      expect([key, [...seen.keys()].toSorted()]).toEqual([key, [...expected.keys()].toSorted()])
      // Rates of a busy machine differ somewhat; twice as much is something else.
      for (const [series, value] of seen)
        expect([key, series, Math.abs(value - expected.get(series)!) <= 0.4 * expected.get(series)!]).toEqual([key, series, true])
    }
    expect(valuesOf(twice, 'clymene-pod #43 Volumes used A').map(named)).toEqual([
      'namespace=shop,persistentvolumeclaim=disk-web-0,pod=web-0',
      'namespace=shop,persistentvolumeclaim=shared,pod=web-0',
      'namespace=shop,persistentvolumeclaim=shared,pod=web-1',
    ])
    // That before the move is an hour older.
    expect(linesOf(twice, 'clymene-pod #8 Age A').map((age) => Math.floor(Number(age) / 3600))).toEqual([1])
    expect(linesOf(twice, 'clymene-node #51 Pods C')).toEqual([2 ** 25, 2 ** 26])
    expect(linesOf(twice, 'clymene-node #51 Pods E')).toEqual([0, 1])
    expect(linesOf(twice, 'clymene-node #52 Requested of what the node can give A')).toEqual([0.1])
    expect(linesOf(twice, 'clymene-node #4 Load per core A')[0]).toBeCloseTo(Number(linesOf(once, 'clymene-node #4 Load per core A')[0]), 0)
    const numbers = ({ answers }: CheckedDashboards) =>
      [...answers].flatMap(([key, series]) => (/^clymene-node #([1-4]\d|7\d) /.test(key) ? [`${key}: ${series.length}`] : []))
    expect(numbers(twice)).toEqual(numbers(once))
  }

  test('what cannot be written to is not full, and what turned read-only is told from what always was', async () => {
    const checked = await check(MAIN)
    expect(Number(linesOf(checked, 'clymene-node #3 Fullest file system A')[0])).toBeLessThan(1)
    for (const panel of ['#35 File systems used A', '#36 File systems: inodes used A']) {
      const devices = valuesOf(checked, `clymene-node ${panel}`).flatMap(({ labels, values }) =>
        values.at(-1) === 1 ? labels.get('device') : [],
      )
      expect(devices).not.toContain('/dev/dm-0')
    }
    expect(linesOf(checked, 'clymene-node #33 File systems with an error A').at(-1)).toBe(1)
    expect(linesOf(checked, 'clymene-node #33 File systems with an error B').at(-1)).toBe(0)
    expect(linesOf(checked, 'clymene-node #33 File systems with an error C').at(-1)).toBeGreaterThanOrEqual(1)
  })

  test('the filter is a regular expression, as it is typed', async () => {
    const checked = await check({ ...MAIN, filter: String.raw`ERROR: \d` })
    expect(linesOf(checked, 'clymene-pod #14 Logs of $pod A')).toEqual(['main web-0 error: 2'])
  })

  test('what may be empty is not where there is something to show', async () => {
    const { problems, answers } = await check({ ...MAIN, pod: ['web-0', 'web-1'] }, { mayBeEmpty: [] })
    expect(problems).toEqual([])
    expect([...answers].filter(([, series]) => series.length === 0)).toEqual([])
  })

  test('what is not offered cannot be chosen', async () => {
    const { problems } = await check({ ...MAIN, pod: 'web-2' })
    expect(problems).toContain('clymene-pod variable pod: web-2 is not offered, only web-0, web-1')
  })

  test('a variable may be of Loki, too', async () => {
    const [board] = readBoards().values()
    const source = { type: 'loki', uid: '${loki_datasource}' }
    const node = { type: 'query', name: 'node', datasource: source, query: { label: 'node_name', stream: '{cluster="$cluster"}' } }
    const variables = board!.templating.list.map((variable) => (variable.name === 'node' ? node : variable))
    const { problems, choices } = await check(MAIN, { boards: new Map([['board.json', { ...board!, templating: { list: variables } }]]) })
    expect(problems).toEqual([])
    expect(choices.get('clymene-node node')).toEqual(['main-node'])
  })

  test.each([
    ['a metric is misspelt', 'node_load5', 'node_laod5', /^clymene-node #4 Load per core A: no answer to /],
    ['a label is misspelt', 'namespace=\\"$namespace\\",pod=~', 'namespace=\\"$namespace\\",pdo=~', /^clymene-pod .*: no answer to /],
    [
      'a bracket is missing',
      'mode=\\"idle\\"}[$__rate_interval]))',
      'mode=\\"idle\\"}[$__rate_interval])',
      /^clymene-node #1 CPU A: .* 400 .*parse error/,
    ],
    ['a bracket is missing in LogQL', ' [$__auto]))', ' [$__auto])', /^clymene-node #61 .*: 400 .*syntax error/],
    [
      'a matcher of the cluster is dropped',
      '(kube_pod_start_time{cluster=\\"$cluster\\",',
      '(kube_pod_start_time{',
      /^clymene-pod #8 Age A: does not depend on \$cluster$/,
    ],
    [
      'the log is a fixed one',
      'pod=~\\"$pod\\",container=~\\"$container\\"} |~',
      'pod=\\"web-0\\"} |~',
      /^clymene-pod #14 .* does not depend on \$pod$/,
    ],
  ])('%s: it is found', async (_name, from, to, told) => {
    const mutants = new Map(
      [...readBoards()].map(([file, board]): [string, BoardFile] => [file, JSON.parse(JSON.stringify(board).replaceAll(from, () => to))]),
    )
    expect(mutants).not.toEqual(readBoards())
    const { problems } = await check(MAIN, { boards: mutants })
    expect(problems).toContainEqual(expect.stringMatching(told))
  })
})

const scrapeConfig = ({ cluster, node, seenTwice }: (typeof clusters)[number], exporters: string, nodeExporter: string): string => `
global: {scrape_interval: ${SCRAPE_SECONDS}s, scrape_timeout: ${SCRAPE_SECONDS}s}
scrape_configs:
  - job_name: kubernetes-nodes
    metrics_path: /kubelet
    static_configs: [{targets: ['${exporters}'], labels: {instance: ${node}, cluster: ${cluster}}}]
  - job_name: kubernetes-cadvisor
    metrics_path: /cadvisor
    static_configs: [{targets: ['${exporters}'], labels: {instance: ${node}, cluster: ${cluster}}}]
  - job_name: kube-state-metrics
    metrics_path: /state
    static_configs: [{targets: ['${exporters}'], labels: {cluster: ${cluster}}}]
  - job_name: node-exporter
    static_configs: [{targets: ['${nodeExporter}'], labels: {instance: ${node}, cluster: ${cluster}}}]
  - job_name: node-exporter-of-an-image
    metrics_path: /file-systems
    static_configs: [{targets: ['${exporters}'], labels: {instance: ${node}, cluster: ${cluster}}}]
${seenTwice ? seenAgain({ cluster, node, exporters, nodeExporter }) : ''}`

type Seen = { readonly cluster: string; readonly node: string; readonly exporters: string; readonly nodeExporter: string }

const seenAgain = ({ cluster, node, exporters, nodeExporter }: Seen): string => `
  - job_name: kubernetes-service-endpoints
    static_configs: [{targets: ['${nodeExporter}'], labels: {instance: ${node}, cluster: ${cluster}}}]
  - job_name: cadvisor-of-another-agent
    metrics_path: /cadvisor
    static_configs: [{targets: ['${exporters}'], labels: {instance: ${node}, cluster: ${cluster}}}]
  - job_name: cadvisor-of-the-node-left
    metrics_path: /cadvisor-left
    static_configs: [{targets: ['${exporters}'], labels: {instance: left-node, cluster: ${cluster}}}]
  - job_name: kubelet-of-the-node-left
    metrics_path: /kubelet
    static_configs: [{targets: ['${exporters}'], labels: {instance: left-node, cluster: ${cluster}}}]
  - job_name: kube-state-metrics-late
    metrics_path: /state-late
    static_configs: [{targets: ['${exporters}'], labels: {cluster: ${cluster}}}]
`

const logConfig = ({ cluster, node, pods: logged }: (typeof clusters)[number], directory: string): string => `
positions: {filename: ${join(directory, 'positions.yaml')}}
scrape_configs:
  - job_name: kubernetes-pods
    pipeline_stages: [{cri: {}}]
    static_configs:
${logged
  .map(
    ({ namespace, name, container }) =>
      `      - {targets: [localhost], labels: {cluster: ${cluster}, node_name: ${node}, namespace: ${namespace}, pod: ${name}, container: ${container}, app: ${container}, __path__: '${join(directory, 'pods', name)}/*.log'}}`,
  )
  .join('\n')}
`

function writeLog(directory: string, cluster: string, pod: string): void {
  mkdirSync(join(directory, 'pods', pod), { recursive: true })
  const lines = [`${cluster} ${pod} line 1`, `${cluster} ${pod} error: 2`]
  const times = [new Date(Date.now() - 2000), new Date(Date.now() - 1000)]
  const text = lines.map((line, at) => `${times[at]?.toISOString().replace('Z', '000000Z')} ${at === 0 ? 'stdout' : 'stderr'} F ${line}\n`)
  writeFileSync(join(directory, 'pods', pod, '0.log'), text.join(''))
}
