import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { readBoards } from '../dashboards/board-files.ts'
import { checkDashboards, type CheckedDashboards } from '../dashboards/check-dashboards.ts'
import type { Choice } from '../dashboards/choose-variables.ts'
import { commandsOf, root } from '../docs/commands.ts'
import { RUNBOOKS_ASK } from '../docs/tried.ts'
import { describeWithEngines } from '../engines/index.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { namespaces } from '../kubernetes/namespaces.ts'
import type { Pod } from '../kubernetes/objects.ts'
import { sectionsOf } from './guide-commands.ts'
import { CONTROL_PLANE, type GuideWorld, startGuideWorld, TARGET_NODE, WORKER } from './guide-world.ts'
import { EVERY_RIGHT, mayDo, rightsOf } from './rights.ts'
import { SHOP_LINES, shopCalled } from './shop.ts'
import { linesIn, samplesIn } from './stores.ts'
import { numberOf, numbersTo, sorted } from './world.ts'

/** Until it is so; on a busy machine that takes its time. */
const WAIT = { timeout: 150_000, interval: 250 }
const JOBS = [
  'kube-state-metrics',
  'kubernetes-apiservers',
  'kubernetes-cadvisor',
  'kubernetes-nodes',
  'kubernetes-pods',
  'kubernetes-service-endpoints',
  'node-exporter',
]
/** Not what rules make of them. */
const SCRAPED = '__name__=~".+",__name__!~"ALERTS.*|.*:.*"'
const BY_NODE = ['kubernetes-nodes', 'kubernetes-cadvisor', 'node-exporter']
const SCRAPE_SECONDS = 5
/** Several behind a Service and in a group of Kafka: two are that; the same of lines, and the collectors of events, have tests of their own. */
const REPLICAS: readonly (readonly [file: string, from: number, to: number])[] = [
  ['clymene-metrics/3.clymene_gateway.yaml', 3, 2],
  ['clymene-metrics/4.clymene_ingester.yaml', 3, 2],
  ['clymene-logs/2.clymene-promtail_gateway.yaml', 3, 1],
  ['clymene-logs/3.clymene-promtail_ingester.yaml', 3, 1],
  ['clymene-logs/4.clymene-events.yaml', 2, 1],
  ['target-cluster/3.clymene-events.yaml', 2, 1],
]

const guide = sectionsOf(readFileSync(join(import.meta.dirname, '../../docs/guide.md'), 'utf8'))
/** Commands that cannot be run here, and why. */
const NOT_RUNNABLE: readonly { readonly command: RegExp; readonly reason: string }[] = [
  { command: /^npm run images /, reason: 'there is no Docker here; the same files are laid out by the tool that the Dockerfiles run' },
  { command: /^(git clone|cd) /, reason: 'what is followed here is a copy already' },
  { command: /^sed -i 's#image: /, reason: 'the stand-ins know images by the names in the files; test/manifests runs it on a copy' },
]
/** Those of nodes and pods, for which the guide is followed; the others have a world of their own, in which things go wrong as well. */
const BOARDS = new Map([...readBoards()].filter(([, { uid }]) => ['clymene-node', 'clymene-pod'].includes(uid)))
/** Sections in the order of the page: each is followed by a test of its own. */
const FOLLOWED = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]

describeWithEngines(
  ['kubernetes', 'kafka', 'prometheus', 'loki', 'node-exporter'],
  'the guide, command by command',
  () => {
    let world: GuideWorld
    let prometheus: string
    let loki: string

    beforeAll(async () => {
      world = await startGuideWorld()
      // A reader waits a quarter of a minute for the next scrape, a test does not.
      for (const file of ['clymene-metrics/2.clymene_agent.yaml', 'target-cluster/2.clymene_agent.yaml'])
        world.edit(`k8s/${file}`, 'scrape_interval: 15s', `scrape_interval: ${SCRAPE_SECONDS}s`)
      for (const [file, from, to] of REPLICAS) world.edit(`k8s/${file}`, `replicas: ${from}`, `replicas: ${to}`)
      // Loki calls itself ready a quarter of a minute after it is.
      world.edit('k8s/storage/loki/loki.yaml', '    compactor:', '    ingester: { lifecycler: { min_ready_duration: 0s } }\n    compactor:')
      await Promise.all([
        world.main.kubernetes.kubectl(['create', '-f', '-'], { input: shopCalled('main') }),
        world.target.kubernetes.kubectl(['create', '-f', '-'], { input: shopCalled('target') }),
      ])
    })
    afterAll(() => world?.stop())

    /** Runs a section's commands one after another, each of which has to end with 0; what they wrote. */
    const follow = async (number: number, context = ''): Promise<readonly string[]> => {
      const outputs: string[] = []
      for (const command of guide.find((section) => section.number === number)?.commands ?? []) {
        if (!command.includes(context) || NOT_RUNNABLE.some((one) => one.command.test(command))) continue
        // What a reader puts in the place of the example.
        const line = command.replaceAll('192.0.2.10', world.main.nodes[1]?.address ?? '')
        await beforeNamespacesGo(line)
        const { status, output, errors } = await world.shell(line)
        expect({ command, status, ...(status !== 0 && { errors }) }).toEqual({ command, status: 0 })
        outputs.push(output)
      }
      return outputs
    }

    /** A namespace in which pods still end is looked at again only after 8 s; one that is empty goes at once. */
    const beforeNamespacesGo = async (line: string): Promise<void> => {
      const [, name] = /^kubectl --context (main|target) delete -f .*0\.namespaces\.yaml$/.exec(line) ?? []
      if (name !== undefined) await expect.poll(() => podNames(name === 'main' ? world.main : world.target), WAIT).toEqual(['shop-0'])
    }

    /** What the store says to the last question of a section. */
    const valuesOfLast = async (number: number): Promise<string[]> => {
      const command = guide.find((section) => section.number === number)?.commands.at(-1) ?? ''
      return JSON.parse((await world.shell(command)).output).data ?? []
    }

    const query = async (text: string): Promise<{ metric: Record<string, string>; value: number }[]> => {
      const answer = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query: text }).toString()}`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Prometheus' answer
      const { data } = (await answer.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
      return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
    }
    const podsOf = async (cluster: Cluster): Promise<Pod[]> => (await cluster.api.get<{ items: Pod[] }>('/api/v1/pods')).items
    const podNames = async (cluster: Cluster): Promise<string[]> => (await podsOf(cluster)).map(({ metadata }) => metadata.name)
    /** Pods, without what makes their names their own. */
    const notReady = async (cluster: Cluster): Promise<string[]> =>
      (await podsOf(cluster))
        .filter(({ status }) => status.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True')
        .map(({ metadata }) => metadata.name.replace(/-[0-9a-f]+-[a-z0-9]{5}$/, ''))
    const secondsNow = (): number => Date.now() / 1000
    /** Jobs of which every target was found up after that time. */
    const upSince = async (cluster: string, since: number): Promise<string[]> => {
      const targets = await query(`up{cluster="${cluster}"} and (timestamp(up) > ${since})`)
      const down = new Set(targets.filter(({ value }) => value !== 1).map(({ metric }) => metric['job']))
      return [...new Set(targets.map(({ metric }) => metric['job'] ?? ''))].filter((job) => !down.has(job)).toSorted()
    }

    test('every command is run here, or stands in the list of those that cannot be', () => {
      expect(guide.flatMap(({ commands }) => commands).length).toBeGreaterThan(60)
      expect(guide.filter(({ number, commands }) => commands.length > 0 && !FOLLOWED.includes(number))).toEqual([])
      const all = guide.flatMap(({ commands }) => commands)
      expect(NOT_RUNNABLE.filter(({ command }) => !all.some((one) => command.test(one)))).toEqual([])
    })

    test('1 to 3: what is needed, the stores, the exporters, metrics of the main cluster', async () => {
      await follow(1)
      await follow(2)
      await follow(3)
      prometheus = `http://${world.main.nodes[1]?.address}:30211`
      await expect.poll(() => upSince('clymene-cluster', 0), WAIT).toEqual(JOBS)
    })

    test('4: logs of the main cluster', async () => {
      await follow(4)
      loki = `http://${(await podsOf(world.main)).find(({ metadata }) => metadata.name === 'loki-0')?.status.podIP}:3100`
      expect(await notReady(world.main)).toEqual(['metrics-server'])
      // A reader asks again where the first lines are still on their way.
      await expect.poll(() => valuesOfLast(4), WAIT).toContain('loki-0')
    })

    test('5: another cluster; both stores have two', async () => {
      await follow(5)
      await expect.poll(() => valuesOfLast(5), WAIT).toEqual(['clymene-cluster', 'target-cluster'])
      await expect.poll(() => upSince('target-cluster', 0), WAIT).toEqual(JOBS)
    })

    test.each(['clymene-cluster', 'target-cluster'])('events of %s are lines', async (cluster) => {
      await expect.poll(async () => (await linesIn(loki, `{cluster="${cluster}",job="kubernetes-events"}`)).length, WAIT).toBeGreaterThan(0)
    })

    test('instance tells the nodes apart', async () => {
      const byNode = await Promise.all(
        BY_NODE.map(async (job) =>
          (await query(`up{job="${job}"}`)).map(({ metric }) => `${metric['cluster']} ${metric['instance']}`).toSorted(),
        ),
      )
      const nodes = [`clymene-cluster ${CONTROL_PLANE}`, `clymene-cluster ${WORKER}`, `target-cluster ${TARGET_NODE}`]
      expect(byNode).toEqual(BY_NODE.map(() => nodes))
    })

    const expectClusterOnEverySeries = async (): Promise<void> => {
      expect(await query(`{cluster="",${SCRAPED}}`)).toEqual([])
      expect((await query('count({__name__=~".+"})'))[0]?.value).toBeGreaterThan(3000)
    }
    test('every series has its cluster', () => expectClusterOnEverySeries())

    const shopNumbers = async (cluster: string): Promise<number[]> => {
      const lines = await linesIn(loki, `{cluster=~"${cluster}",namespace="shop",pod="shop-0",container="shop"} |= "line"`)
      return sorted(lines.map(({ line }) => numberOf(line)))
    }

    test.each(['clymene-cluster', 'target-cluster'])(
      'every line of a pod of %s is stored once, over a restart of its container',
      async (cluster) => {
        await expect.poll(async () => (await shopNumbers(cluster)).length, WAIT).toBe(SHOP_LINES)
        expect(await shopNumbers(cluster)).toEqual(numbersTo(SHOP_LINES))
        expect((await query(`shop_lines_total{cluster="${cluster}",job="kubernetes-pods"}`)).map(({ value }) => value)).toEqual([
          SHOP_LINES,
        ])
      },
    )

    test('every process runs as its manifest says', async () => {
      const processes = (await Promise.all([world.main.processes(), world.target.processes()])).flat()
      const ours = processes.filter(({ pod }) => pod !== 'shop-0' && !pod.startsWith('metrics-server'))
      expect(ours.length).toBeGreaterThan(18)
      const found = ours.map(({ pod, statusFile }) => ({ pod, ...rightsOfProcess(statusFile) }))
      const wanted = { capabilities: [NONE, NONE], noNewPrivileges: '1', root: 'ro' }
      expect(found).toEqual(found.map(({ pod }) => ({ pod, ...wanted, user: userOf(pod), hasToken: ASKS_THE_API.test(pod) })))
    })

    test.concurrent.each([
      [
        'clymene-agent',
        'metrics agent',
        'target',
        ['target', 'clymene-agent'],
        ['get nodes/proxy', ...reading('nodes', 'services', 'endpoints', 'pods')],
        [...reading('endpointslices'), 'get /metrics'],
      ],
      [
        'clymene-agent',
        'metrics agent',
        'main',
        ['clymene', 'clymene-agent'],
        ['get nodes/proxy', ...reading('nodes', 'services', 'endpoints', 'pods')],
        [...reading('endpointslices'), 'get /metrics'],
      ],
      [
        'clymene-events',
        'collector of events',
        'target',
        ['clymene', 'clymene-events'],
        ['list pods', 'watch pods'],
        ['list events', 'watch events', 'create leases', 'get leases', 'update leases'],
      ],
      ['clymene-promtail', 'log agent', 'target', ['clymene', 'clymene-promtail'], reading('pods'), []],
      ['clymene-promtail', 'log agent', 'main', ['clymene', 'clymene-promtail'], reading('pods'), []],
    ] as const)(
      '%s: the %s of %s may read what it needs and nothing else',
      async (_name, _what, where, [namespace, name], needed, beyond) => {
        const cluster = where === 'main' ? world.main : world.target
        expect(await rightsOf(cluster, { namespace, name })).toEqual([...needed, ...beyond].toSorted())
        expect(await mayDo(cluster, { namespace, name }, EVERY_RIGHT)).toEqual([...needed].toSorted())
      },
    )

    test.concurrent('kube-state-metrics may list what it shows, and no secret', async () => {
      const account = { namespace: 'kube-system', name: 'kube-state-metrics' }
      const rights = await rightsOf(world.main, account)
      expect(rights).toEqual(expect.arrayContaining(['list pods', 'watch nodes']))
      expect(rights.filter((right) => !/^(list|watch) /.test(right) || /secrets|configmaps/.test(right))).toEqual([])
      const shown = /^(list|watch) (deployments|daemonsets|namespaces|nodes|pods|services)$/
      expect(await mayDo(world.main, account, EVERY_RIGHT)).toEqual(EVERY_RIGHT.filter((right) => shown.test(right)).toSorted())
    })

    /** Up to a moment, as what was observed before it arrives sooner or later. Whether queries depend on what is chosen is looked at elsewhere. */
    let to = new Date()
    const check = (choose: Choice): Promise<CheckedDashboards> =>
      checkDashboards({
        to,
        prometheusUrl: prometheus,
        lokiUrl: loki,
        choose,
        // Now and then a busy machine leaves a scrape out.
        scrapeIntervalSeconds: 2 * SCRAPE_SECONDS,
        boards: BOARDS,
        answersOnly: true,
      })
    /** Once nothing is missing. */
    const answered = async (choose: Choice): Promise<CheckedDashboards> => {
      let found = await check(choose)
      await expect.poll(async () => (found.problems.length === 0 ? found : (found = await check(choose))).problems, WAIT).toEqual([])
      return found
    }

    test('6: every query of the boards of nodes and pods has an answer, another one for another pod or cluster', async () => {
      await follow(6)
      const warned = ([cluster, node]: readonly [Cluster, string]) =>
        cluster.kubernetes.kubectl(['create', '-f', '-'], { input: warningOf(node) })
      await Promise.all(
        (
          [
            [world.main, WORKER],
            [world.target, TARGET_NODE],
          ] as const
        ).map(warned),
      )
      const pod = { cluster: 'clymene-cluster', node: WORKER, namespace: 'shop', pod: 'shop-0' }
      const podElsewhere = { ...pod, cluster: 'target-cluster', node: TARGET_NODE }
      to = new Date(Date.now() + 2 * SCRAPE_SECONDS * 1000)
      const [here, elsewhere] = [await answered(pod), await answered(podElsewhere)]
      const another = await check({ ...pod, namespace: 'loki', pod: 'loki-0' })
      expect(elsewhere.choices.get('clymene-node node')).toEqual([TARGET_NODE])
      // Some numbers are the same everywhere: a pod runs, a node is ready.
      expect(differing(here, elsewhere).length).toBeGreaterThan(here.answers.size / 2)
      const logs = LOGS_OF_POD.map((key) => [here, elsewhere, another].map((one) => /shop of \w+/.exec(textOf(one, key))?.[0]))
      expect(logs).toEqual(LOGS_OF_POD.map(() => ['shop of main', 'shop of target', undefined]))
    })

    test('7: another name for a cluster, on every series and line from then on', async () => {
      await follow(7)
      const since = secondsNow()
      await expect.poll(() => upSince('cluster-b', since), WAIT).toEqual(JOBS)
      const old = await samplesIn(prometheus, `{cluster="target-cluster",${SCRAPED}}`)
      expect(old.length).toBeGreaterThan(500)
      expect(old.filter(({ samples }) => samples.some(([time]) => time > since * 1000)).map(({ labels }) => labels)).toEqual([])
      await expectClusterOnEverySeries()
      // What was read under the old name is not read again under the new one.
      expect(await shopNumbers('target-cluster|cluster-b')).toEqual(numbersTo(SHOP_LINES))
      await expect.poll(async () => (await linesIn(loki, '{cluster="cluster-b"}')).length, WAIT).toBeGreaterThan(0)
      const oldLines = await linesIn(loki, '{cluster="target-cluster"}')
      expect(oldLines.length).toBeGreaterThan(SHOP_LINES)
      expect(oldLines.filter(({ timestampNs }) => timestampNs > BigInt(Math.ceil(since)) * 1_000_000_000n)).toEqual([])
      expect(await linesIn(loki, '{filename=~".+",cluster=""}')).toEqual([])
    })

    test('8: credentials between the clusters', async () => {
      await follow(8)
      const since = secondsNow()
      await expect.poll(() => upSince('clymene-cluster', since), WAIT).toEqual(JOBS)
      await expect.poll(() => upSince('cluster-b', since), WAIT).toEqual(JOBS)
    })

    test('10: Prometheus has the rules', async () => {
      const [output = ''] = await follow(10)
      const { data }: { data: { groups: { rules: { health: string; name: string }[] }[] } } = JSON.parse(output)
      const rules = data.groups.flatMap((group) => group.rules)
      expect(rules.length).toBeGreaterThan(20)
      expect(rules.filter(({ health }) => health === 'err')).toEqual([])
    })

    test('what docs/operate.md types is taken', async () => {
      const typed = commandsOf('docs/operate.md')
        .map(({ command }) => command)
        .filter((command) => / (scale|rollout undo) /.test(command))
      expect(typed.length).toBeGreaterThan(2)
      const outcomes = await Promise.all(typed.map((command) => world.shell(`${command} --dry-run=server`)))
      expect(outcomes.filter(({ status }) => status !== 0)).toEqual([])
    })

    test('what runbooks type is answered', async () => {
      const typed = new Set(globSync('docs/runbooks/*.md', { cwd: root }).flatMap((page) => commandsOf(page).map(({ command }) => command)))
      const asked = [...typed].filter((command) => RUNBOOKS_ASK.test(command))
      expect(asked.length).toBeGreaterThan(10)
      // What an alert names.
      const lines = asked.map((command) =>
        command.replace('web-0', 'shop-0').replace('node-1', command.includes('target') ? TARGET_NODE : WORKER),
      )
      const outcomes = await Promise.all(lines.map(async (line) => ({ line, ...(await world.shell(line)) })))
      expect(outcomes.filter(({ status }) => status !== 0)).toEqual([])
    })

    test('11: without Kafka everything goes on', async () => {
      await follow(11)
      const since = secondsNow()
      for (const cluster of ['clymene-cluster', 'cluster-b']) {
        await expect.poll(() => upSince(cluster, since), WAIT).toEqual(JOBS)
        const newer = async () =>
          (await linesIn(loki, `{cluster="${cluster}",filename=~".+"}`)).some(({ timestampNs }) => Number(timestampNs) / 1e9 > since)
        await expect.poll(newer, WAIT).toBe(true)
      }
    })

    test('12: every service says what it waits for', async () => {
      const outputs = await follow(12)
      expect(outputs.slice(0, 3)).toEqual(['ready\n', 'ready\n', 'ready\n'])
      expect(outputs.slice(-2)).toEqual(['yes\n', 'yes\n'])
    })

    test('13: everything is gone again', async () => {
      // What goes in one cluster is nothing to the other.
      await Promise.all(['--context main', '--context target'].map((context) => follow(13, context)))
      const left = async () => [...(await podNames(world.main)), ...(await podNames(world.target))]
      await expect.poll(left, WAIT).toEqual(['shop-0', 'shop-0'])
    })
  },
  [namespaces],
)

/** What a kubelet says of a container that falls again and again; the stand-in says nothing. */
const warningOf = (host: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'shop-0.falls', namespace: 'shop' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'shop-0', namespace: 'shop' },
    type: 'Warning',
    reason: 'BackOff',
    message: 'Back-off restarting failed container',
    source: { component: 'kubelet', host },
    firstTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    count: 1,
  })

const LOGS_OF_POD = ['clymene-pod #14 Logs of $pod A']

const textOf = ({ answers }: CheckedDashboards, key: string): string =>
  JSON.stringify(answers.get(key)?.map(({ labels, values }) => [[...labels], values]))

/** Queries that were answered otherwise. */
const differing = (one: CheckedDashboards, other: CheckedDashboards): readonly string[] =>
  [...one.answers.keys()].filter((key) => textOf(one, key) !== textOf(other, key))

const NONE = '0'.repeat(16)

/** Nobody else has a token of the API at all. */
const ASKS_THE_API = /^(clymene-agent|clymene-promtail|clymene-events|kube-state-metrics)-/

const userOf = (pod: string): string =>
  pod.startsWith('clymene-promtail')
    ? '0'
    : pod.startsWith('loki')
      ? '10001'
      : pod.startsWith('kafka')
        ? '1000'
        : /^(clymene|promtail)/.test(pod)
          ? '65532'
          : '65534'

function rightsOfProcess(statusFile: string) {
  const status = readFileSync(statusFile, 'utf8')
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
  const mounts = readFileSync(join(statusFile, '../mounts'), 'utf8')
  const [first = ''] = mounts.split('\n')
  return {
    user: field('Uid'),
    capabilities: [field('CapEff'), field('CapBnd')],
    noNewPrivileges: field('NoNewPrivs'),
    root: /^root \/ tmpfs (ro|rw),/.exec(first)?.[1] ?? first,
    hasToken: mounts.includes(' /var/run/secrets/kubernetes.io/serviceaccount '),
  }
}

function reading(...resources: readonly string[]): readonly string[] {
  return resources.flatMap((resource) => ['get', 'list', 'watch'].map((verb) => `${verb} ${resource}`))
}
