import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines } from '../engines/index.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { namespaces } from '../kubernetes/namespaces.ts'
import type { Pod } from '../kubernetes/objects.ts'
import { CONTROL_PLANE, type GuideWorld, startGuideWorld, TARGET_NODE, WORKER } from './guide-world.ts'
import { SHOP, SHOP_LINES } from './shop.ts'
import { linesIn } from './stores.ts'
import { numberOf, numbersTo, sorted } from './world.ts'

const WAIT = { timeout: 120_000, interval: 500 }
const JOBS = [
  'kube-state-metrics',
  'kubernetes-apiservers',
  'kubernetes-cadvisor',
  'kubernetes-nodes',
  'kubernetes-pods',
  'kubernetes-service-endpoints',
  'node-exporter',
]
const BY_NODE = ['kubernetes-nodes', 'kubernetes-cadvisor', 'node-exporter']

const MAIN = [
  '0.namespaces.yaml',
  'clymene-metrics/prometheus.yaml',
  'clymene-logs/loki.yaml',
  'clymene-metrics/kube-state-metrics.yaml',
  'clymene-metrics/node-exporter.yaml',
  'clymene-metrics/3.clymene_gateway.yaml',
  'clymene-metrics/4.clymene_ingester.yaml',
  'clymene-metrics/1.clymene_rbac.yaml',
  'clymene-metrics/2.clymene_agent.yaml',
  'clymene-logs/2.clymene-promtail_gateway.yaml',
  'clymene-logs/3.clymene-promtail_ingester.yaml',
  'clymene-logs/1.clymene-promtail_agent.yaml',
  'clymene-metrics/metrics-server.yaml',
]
const TARGET = [
  'target-cluster/0.namespaces.yaml',
  'target-cluster/kube-state-metrics.yaml',
  'target-cluster/node-exporter.yaml',
  'target-cluster/1.clymene_rbac.yaml',
  'target-cluster/2.clymene_agent.yaml',
  'target-cluster/1.clymene-promtail_agent.yaml',
]

describeWithEngines(
  ['kubernetes', 'kafka', 'prometheus', 'loki', 'node-exporter'],
  'the guide: two clusters',
  () => {
    let world: GuideWorld
    let prometheus: string
    let loki: string

    beforeAll(async () => {
      world = await startGuideWorld()
      const [, worker] = world.main.nodes
      prometheus = `http://${worker?.address}:30211`
      // A reader waits a quarter of a minute for the next scrape, a test does not.
      for (const file of ['clymene-metrics/2.clymene_agent.yaml', 'target-cluster/2.clymene_agent.yaml'])
        world.edit(`k8s/${file}`, 'scrape_interval: 15s', 'scrape_interval: 3s')
      for (const file of ['1.clymene-promtail_agent.yaml', '2.clymene_agent.yaml'])
        world.edit(`k8s/target-cluster/${file}`, 'GATEWAY_NODE_IP', world.main.nodes.map(({ address }) => address)[1] ?? '')
      // Something to be observed, of the same name in both clusters.
      await Promise.all([world.main, world.target].map(({ kubernetes }) => kubernetes.kubectl(['create', '-f', '-'], { input: SHOP })))
    })
    afterAll(() => world?.stop())

    const query = async (text: string): Promise<{ metric: Record<string, string>; value: number }[]> => {
      const answer = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query: text }).toString()}`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Prometheus' answer
      const { data } = (await answer.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
      return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
    }
    const podsOf = async (cluster: Cluster): Promise<Pod[]> => (await cluster.api.get<{ items: Pod[] }>('/api/v1/pods')).items
    const notReady = async (cluster: Cluster): Promise<string[]> =>
      (await podsOf(cluster))
        .filter(({ status }) => status.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True')
        .map(({ metadata }) => metadata.name.replace(/-[0-9a-f]+-[a-z0-9]{5}$/, ''))

    test('every manifest of the main cluster is created, and its pods get ready', async () => {
      for (const file of MAIN)
        expect(await world.shell(world.main, `kubectl create -f k8s/${file}`)).toMatchObject({ status: 0, errors: '' })
      // The image of metrics-server is none of ours and is not here.
      await expect.poll(() => notReady(world.main), WAIT).toEqual(['metrics-server'])
      const pods = await podsOf(world.main)
      loki = `http://${pods.find(({ metadata }) => metadata.name === 'loki-0')?.status.podIP}:3100`
    })

    test('every manifest of the target cluster is created, and its pods get ready', async () => {
      for (const file of TARGET)
        expect(await world.shell(world.target, `kubectl create -f k8s/${file}`)).toMatchObject({ status: 0, errors: '' })
      await expect.poll(() => notReady(world.target), WAIT).toEqual([])
    })

    test.each(['clymene-cluster', 'target-cluster'])('every job of %s is up', async (cluster) => {
      const upJobs = async () =>
        [...new Set((await query(`up{cluster="${cluster}"} == 1`)).map(({ metric }) => metric['job'] ?? ''))].toSorted()
      await expect.poll(upJobs, WAIT).toEqual(JOBS)
      await expect.poll(() => query(`up{cluster="${cluster}"} == 0`), WAIT).toEqual([])
    })

    test('instance tells the nodes apart', async () => {
      for (const job of BY_NODE) {
        const nodes = (await query(`up{job="${job}"}`)).map(({ metric }) => `${metric['cluster']} ${metric['instance']}`)
        expect(nodes.toSorted(), job).toEqual([
          `clymene-cluster ${CONTROL_PLANE}`,
          `clymene-cluster ${WORKER}`,
          `target-cluster ${TARGET_NODE}`,
        ])
      }
    })

    test('every series has its cluster', async () => {
      expect(await query('{__name__=~".+",cluster=""}')).toEqual([])
      const [series] = await query('count({__name__=~".+"})')
      expect(series?.value).toBeGreaterThan(3000)
    })

    test.each(['clymene-cluster', 'target-cluster'])('all lines of a pod of %s are there, once', async (cluster) => {
      const selector = `{cluster="${cluster}",namespace="shop",pod="shop-0",container="shop"}`
      const numbers = async () => sorted((await linesIn(loki, selector)).map(({ line }) => numberOf(line)))
      await expect.poll(async () => (await numbers()).length, WAIT).toBe(SHOP_LINES)
      expect(await numbers()).toEqual(numbersTo(SHOP_LINES))
      expect((await query(`shop_lines_total{cluster="${cluster}",job="kubernetes-pods"}`)).map(({ value }) => value)).toEqual([SHOP_LINES])
    })

    test('every process runs as its manifest says', async () => {
      const processes = (await Promise.all([world.main.processes(), world.target.processes()])).flat()
      const ours = processes.filter(({ pod }) => /^(clymene|promtail|prometheus|loki|kube-state|node-exporter)/.test(pod))
      expect(ours.length).toBeGreaterThan(20)
      for (const { pod, statusFile } of ours) {
        const status = readFileSync(statusFile, 'utf8')
        const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
        const [root] = readFileSync(join(statusFile, '../mounts'), 'utf8').split('\n')
        const seen = { user: field('Uid'), effective: field('CapEff'), possible: field('CapBnd'), noNewPrivileges: field('NoNewPrivs') }
        const none = '0'.repeat(16)
        const user = pod.startsWith('clymene-promtail')
          ? '0'
          : pod.startsWith('loki')
            ? '10001'
            : /^(clymene|promtail)/.test(pod)
              ? '65532'
              : '65534'
        expect(seen, pod).toEqual({ user, effective: none, possible: none, noNewPrivileges: '1' })
        expect(root, pod).toMatch(/^root \/ tmpfs ro,/)
      }
    })

    test('everything is deleted again', async () => {
      for (const file of TARGET.toReversed())
        expect(await world.shell(world.target, `kubectl delete -f k8s/${file}`)).toMatchObject({ status: 0, errors: '' })
      for (const file of MAIN.toReversed())
        expect(await world.shell(world.main, `kubectl delete -f k8s/${file}`)).toMatchObject({ status: 0, errors: '' })
      await expect
        .poll(async () => [...(await podsOf(world.main)), ...(await podsOf(world.target))].map(({ metadata }) => metadata.name), WAIT)
        .toEqual([])
    })
  },
  [namespaces],
)
