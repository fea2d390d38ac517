import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { type BoardFile, readBoards } from '../dashboards/board-files.ts'
import { checkDashboards, type CheckedDashboards, type DashboardCheck } from '../dashboards/check-dashboards.ts'
import type { Choice } from '../dashboards/choose-variables.ts'
import type { Series } from '../dashboards/store-queries.ts'
import { describeWithEngines } from '../engines/index.ts'
import { checkRules } from '../rules/check-rules.ts'
import type { ObservedCluster } from './dashboard-agents.ts'
import { type DashboardWorld, startDashboardWorld } from './dashboard-world.ts'

/** Windows are four times that: a busy machine may miss several scrapes. */
const BOARD_SECONDS = 5
const pods = [
  { namespace: 'shop', name: 'web-0', container: 'web', claims: ['disk-web-0', 'shared'] },
  { namespace: 'shop', name: 'web-1', container: 'web', claims: ['shared'], movedFrom: 'left-node' },
]
const clusters: readonly ObservedCluster[] = ['main', 'target'].map((cluster, at) => ({
  cluster,
  manifest: cluster === 'main' ? 'k8s/clymene-metrics/2.clymene_agent.yaml' : 'k8s/target-cluster/2.clymene_agent.yaml',
  seenTwice: cluster === 'main',
  node: `${cluster}-node`,
  pods: cluster === 'main' ? pods : [...pods, { namespace: 'shop', name: 'web-2', container: 'web', owner: 'nobody' }],
  startedAt: Date.now() - (at + 1) * 3_600_000,
}))

const WAIT = { timeout: 90_000, interval: 1000 }

/** Panels of logs in the pod and node boards. */
const LOGS = [
  'clymene-node #6',
  'clymene-pod #13 ',
  'clymene-pod #14 ',
  'clymene-pod #52 ',
  'clymene-pod #53 ',
  'clymene-pod #54 ',
  'clymene-pod #62 ',
]

const MAIN = { cluster: 'main', node: 'main-node', namespace: 'shop', pod: 'web-0' }

describeWithEngines(['kafka', 'prometheus', 'loki', 'node-exporter'], 'dashboards on what came through Kafka', () => {
  let world: DashboardWorld
  beforeAll(async () => {
    world = await startDashboardWorld(clusters)
  })
  afterAll(() => world?.stop())

  const check = (
    choose: Choice,
    more: Pick<DashboardCheck, 'boards' | 'mayBeEmpty' | 'rangeSeconds' | 'to' | 'answersOnly'> = {},
  ): Promise<CheckedDashboards> =>
    checkDashboards({
      prometheusUrl: world.prometheus.url,
      lokiUrl: world.loki.url,
      choose,
      scrapeIntervalSeconds: BOARD_SECONDS,
      ...more,
    })

  /** Some boards, asked once: each query less is time. */
  const quick = (...uids: readonly string[]) => ({ answersOnly: true, ...only(...uids) })
  const only = (...uids: readonly string[]) => ({ boards: new Map([...readBoards()].filter(([, { uid }]) => uids.includes(uid))) })

  const valuesOf = ({ answers }: CheckedDashboards, key: string) => {
    const found = answers.get(key)
    if (found === undefined) throw new Error(`no ${key} among ${[...answers.keys()].join(', ')}`)
    return found
  }

  /** Lines of a pod's containers, without what is said of their ends. */
  const logOf = (checked: CheckedDashboards, key: string) =>
    linesOf(checked, key)
      .map(String)
      .filter((line) => !line.includes('exit_code='))

  const linesOf = (checked: CheckedDashboards, key: string) => valuesOf(checked, key).flatMap(({ values }) => values)

  test('every query of every panel and variable has an answer, and depends on what is chosen', async () => {
    // While the stores fill, boards that have all of their answers are asked no more, and nothing is asked that only costs time then.
    let waiting = readBoards()
    const missing = async (): Promise<readonly string[]> => {
      const { problems } = await check(MAIN, { boards: waiting, answersOnly: true })
      waiting = new Map([...waiting].filter(([, { uid }]) => problems.some((problem) => problem.startsWith(`${uid} `))))
      return problems
    }
    await expect.poll(missing, { timeout: 150_000, interval: 1000 }).toEqual([])
    const { choices, answers } = await vi.waitFor(
      async () => {
        const checked = await check(MAIN)
        expect(checked.problems).toEqual([])
        return checked
      },
      { timeout: 150_000, interval: 1000 },
    )
    expect(choices.get('clymene-node cluster')).toEqual(['main', 'target'])
    expect(choices.get('clymene-node node')).toEqual(['main-node'])
    expect(choices.get('clymene-pod pod')).toEqual(['web-0', 'web-1'])
    const kinds = answers.get('clymene-events-logs #23 Most frequent errors A') ?? []
    expect(kinds.flatMap(({ labels }) => (labels.get('app') === 'web' ? labels.get('line') : []))).toEqual(['error: …'])
    expect(answers.size).toBeGreaterThan(80)
  })

  test('every recording rule has data, and every alert is taken', async () => {
    await expect.poll(() => checkRules(world.prometheus.url), { timeout: 60_000, interval: 1000 }).toEqual([])
  })

  test('another pod is another log and other numbers', async () => {
    const [first, second, both] = await Promise.all(
      ['web-0', 'web-1', ['web-0', 'web-1']].map((pod) => check({ ...MAIN, pod }, quick('clymene-pod'))),
    )
    for (const checked of [first, second, both]) expect(checked?.problems).toEqual([])
    const log = 'clymene-pod #14 Logs of $pod A'
    expect(logOf(first!, log)).toEqual(['main web-0 error: 2', 'main web-0 line 1'])
    expect(logOf(second!, log)).toEqual(['main web-1 error: 2', 'main web-1 line 1'])
    expect(logOf(both!, log).toSorted()).toEqual([
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
    const boards = quick('clymene-node', 'clymene-pod')
    const [main, target] = await Promise.all([check(MAIN, boards), check({ ...MAIN, cluster: 'target', node: 'target-node' }, boards)])
    expect(target.problems).toEqual([])
    expect(target.choices.get('clymene-node node')).toEqual(['target-node'])
    expect(target.choices.get('clymene-pod pod')).toEqual(['web-0', 'web-1', 'web-2'])
    const podsOf = (checked: CheckedDashboards) => valuesOf(checked, 'clymene-node #51 Pods A').map(({ labels }) => labels.get('pod'))
    expect([podsOf(main), podsOf(target)]).toEqual([
      ['web-0', 'web-1'],
      ['web-0', 'web-1', 'web-2'],
    ])
    expect(logOf(target, 'clymene-pod #14 Logs of $pod A')).toEqual(['target web-0 error: 2', 'target web-0 line 1'])
    expect(linesOf(target, 'clymene-node #62 Logs A').map(String).toSorted()).toEqual(
      ['web-0', 'web-1', 'web-2'].flatMap((pod) => [`shop/${pod} target ${pod} error: 2`, `shop/${pod} target ${pod} line 1`]),
    )
    expect(linesOf(main, 'clymene-node #7 Pods A')).toEqual([2])
  })

  // A device or a rate that only one of the two agents has met is gone from the window soon; what is counted twice stays.
  test('what is seen twice is counted once', () => vi.waitFor(seenTwiceIsCountedOnce, { timeout: 150_000, interval: 1000 }))

  async function seenTwiceIsCountedOnce() {
    const both = ['web-0', 'web-1']
    const of = { rangeSeconds: 60, ...quick('clymene-node', 'clymene-pod') }
    const [twice, once] = await Promise.all([
      check({ ...MAIN, pod: both }, of),
      check({ ...MAIN, cluster: 'target', node: 'target-node', pod: both }, of),
    ])
    // Of logs there may be nothing any more: they were written at the start.
    expect(twice.problems.filter((problem) => !LOGS.some((panel) => problem.includes(panel)))).toEqual([])
    const named = ({ labels }: Series) =>
      [...labels]
        .map(([name, value]) => `${name}=${value}`)
        .toSorted()
        .join()
    const lastOf = (checked: CheckedDashboards, key: string) =>
      new Map(valuesOf(checked, key).map((series) => [named(series), Number(series.values.at(-1))]))
    // A moved pod is at two nodes for a moment, the clusters are not of one age, and the log of each is its own.
    const others = ['#7 Runs on', '#8 Age', '#51 ', '#61 ', ' annotation ', ...LOGS]
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
      [...answers].flatMap(([key, series]) => (/^clymene-node #([1-4]\d|7\d) /.test(key) ? [`${key}: ${series.length}`] : [])).toSorted()
    expect(numbers(twice)).toEqual(numbers(once))
  }

  test('what cannot be written to is not full, and what turned read-only is told from what always was', async () => {
    const checked = await check(MAIN, quick('clymene-node'))
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

  test('a cluster that is away keeps its row, with the seconds since its last sample', async () => {
    const later = { to: new Date(Date.now() + 900_000), answersOnly: true, ...only('clymene-clusters') }
    const checked = await check({}, later)
    const silent = valuesOf(checked, 'clymene-clusters #11 Clusters A')
    expect(silent.map(({ labels }) => labels.get('cluster') ?? '').toSorted()).toEqual(['main', 'target'])
    for (const seconds of silent.flatMap(({ values }) => values)) expect(Math.abs(Number(seconds) - 900)).toBeLessThan(60)
    expect(linesOf(checked, 'clymene-clusters #2 Away A')).toEqual([2])
    expect(valuesOf(checked, 'clymene-clusters #11 Clusters B')).toEqual([])
  })

  test('lines of one level, and the pods of one workload', async () => {
    const options = { answersOnly: true, ...only('clymene-events-logs', 'clymene-pod') }
    const checked = await check({ cluster: 'main', namespace: 'shop', workload: 'web', app: 'web', level: 'error|^E[0-9]{4}' }, options)
    expect(linesOf(checked, 'clymene-events-logs #24 Log A').map(String).toSorted()).toEqual([
      'main shop/web-0 main web-0 error: 2',
      'main shop/web-1 main web-1 error: 2',
    ])
    expect([checked.choices.get('clymene-pod workload'), checked.choices.get('clymene-pod pod')]).toEqual([['web'], ['web-0', 'web-1']])
  })

  test('a pod that nobody made is there where all workloads are chosen, and is of none', async () => {
    const [all, one] = await Promise.all(
      [{}, { workload: 'web' }].map((more) => check({ ...MAIN, cluster: 'target', ...more }, quick('clymene-pod'))),
    )
    expect([all!.choices.get('clymene-pod workload'), one!.choices.get('clymene-pod workload')]).toEqual([['web'], ['web']])
    expect(all!.choices.get('clymene-pod pod')).toEqual(['web-0', 'web-1', 'web-2'])
    expect(one!.choices.get('clymene-pod pod')).toEqual(['web-0', 'web-1'])
  })

  test('the filter is a regular expression, as it is typed', async () => {
    const checked = await check({ ...MAIN, filter: String.raw`ERROR: \d` }, quick('clymene-pod'))
    expect(linesOf(checked, 'clymene-pod #14 Logs of $pod A')).toEqual(['main web-0 error: 2'])
  })

  test('what may be empty is not where there is something to show', async () => {
    const { problems, answers } = await check({ ...MAIN, pod: ['web-0', 'web-1'] }, { mayBeEmpty: [], ...quick('clymene-pod') })
    expect(problems).toEqual([])
    expect([...answers].flatMap(([key, series]) => (series.length > 0 || key.includes(' annotation ') ? [] : key))).toEqual([])
  })

  test('what is not offered cannot be chosen', async () => {
    const { problems } = await check({ ...MAIN, pod: 'web-2' }, quick('clymene-pod'))
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

  test('the pipeline of all clusters: each stop has samples and lines, each cluster its freshness, each storage its dead letters', () =>
    vi.waitFor(wholePipeline, WAIT))

  async function wholePipeline() {
    const { problems, answers } = await check({}, quick('clymene-pipeline'))
    expect(problems).toEqual([])
    const of = (key: string): readonly Series[] => answers.get(`clymene-pipeline ${key}`) ?? []
    for (const stop of [
      '#1 Agents collect →',
      '#2 Agents send →',
      '#3 Gateways take →',
      '#4 Kafka has →',
      '#5 Ingesters read →',
      '#6 Storages have',
    ]) {
      const perSecond = ['A', 'B'].map((query) => Number(of(`${stop} ${query}`)[0]?.values[0]))
      expect([stop, ...perSecond.map((value) => value > 0)]).toEqual([stop, true, true])
    }
    const labels = (key: string, label: string) => [...new Set(of(key).map((series) => series.labels.get(label) ?? ''))].toSorted()
    expect(labels('#12 Freshness B', 'from')).toEqual(['main', 'target'])
    expect(labels('#14 Ledger: numbers that did not come A', 'from')).toEqual(['main', 'target'])
    expect(labels('#81 Dead letters by cause A', 'storage')).toEqual(['loki', 'prometheus'])
    expect(labels('#91 Services A', 'kubernetes_pod_name')).toEqual(['clymene-agent-0', 'clymene-gateway-0', 'clymene-ingester-0'])
    const told = of('#84 What services say of dead letters A').flatMap(({ values }) => values.map(String))
    for (const storage of ['loki', 'prometheus'])
      expect(told.some((line) => line.includes('it is on the dead-letter topic') && line.includes(`"storage":"${storage}"`))).toBe(true)
  }

  test('another cluster, service, storage or topic of the pipeline is other numbers', () => vi.waitFor(otherNumbers, WAIT))

  async function otherNumbers() {
    const of = quick('clymene-pipeline')
    const [target, gateway, loki] = await Promise.all([
      check({ cluster: 'target' }, of),
      check({ component: 'clymene-gateway' }, of),
      check({ storage: 'loki', topic: 'clymene-logs' }, of),
    ])
    const found = (checked: CheckedDashboards, key: string, label: string) =>
      valuesOf(checked, `clymene-pipeline ${key}`).map(({ labels }) => labels.get(label))
    expect(found(target, '#91 Services A', 'namespace')).toEqual(['target'])
    expect(found(target, '#41 Requests A', 'status')).toEqual([])
    expect(found(gateway, '#91 Services A', 'kubernetes_pod_name')).toEqual(['clymene-gateway-0'])
    expect(found(gateway, '#61 Messages read A', 'topic')).toEqual([])
    expect(found(loki, '#11 Lag A', 'storage')).toEqual(['loki'])
    expect(found(loki, '#61 Messages read A', 'topic')).toEqual(['clymene-logs'])
  }

  test('a storage that is away is a lag that grows, and the other one has none', async () => {
    const [[file, board] = []] = only('clymene-pipeline').boards
    const lag = new Map([[file!, { ...board!, panels: board!.panels.filter(({ title }) => title === 'Lag') }]])
    await world.loki.pause()
    try {
      await vi.waitFor(
        async () => {
          const series = valuesOf(await check({}, { answersOnly: true, boards: lag }), 'clymene-pipeline #11 Lag A')
          const behind = new Map(series.map(({ labels, values }) => [labels.get('storage'), Number(values.at(-1))]))
          expect(behind.get('loki')).toBeGreaterThan(5)
          expect(behind.get('prometheus')).toBeLessThan(behind.get('loki')!)
        },
        { timeout: 90_000, interval: 500 },
      )
    } finally {
      world.loki.resume()
    }
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
      'a metric of the pipeline is misspelt',
      'clymene_kafka_lag_seconds',
      'clymene_kafka_lag_secnds',
      /^clymene-pipeline #11 Lag A: no answer to /,
    ],
    [
      'a bracket of the pipeline is missing',
      'sum(rate(clymene_gateway_received_records_total',
      'sum(rate((clymene_gateway_received_records_total',
      /^clymene-pipeline #3 .*: .* 400 .*parse error/,
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
    const changed = [...mutants].filter(([file, board]) => JSON.stringify(board) !== JSON.stringify(readBoards().get(file)))
    const answersOnly = !told.source.includes('does not depend')
    const { problems } = await check(MAIN, { boards: new Map(changed), answersOnly })
    expect(problems).toContainEqual(expect.stringMatching(told))
  })
})
