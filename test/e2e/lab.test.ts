import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { compress, encodeBatchJson, encodeWriteRequest } from '@clymene/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'

import { cached } from '../engines/cache.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { describeWithEngines } from '../engines/index.ts'
import { lokiProgram } from '../engines/loki.ts'
import { type Cluster, startCluster } from '../kubernetes/cluster.ts'
import { makeImages } from '../kubernetes/clymene-images.ts'
import { namespaces } from '../kubernetes/namespaces.ts'
import type { Pod } from '../kubernetes/objects.ts'
import { quantity } from '../manifests/checks.ts'
import type { KubernetesObject } from '../manifests/objects.ts'
import { documentsIn, linesIn, samplesIn } from './stores.ts'
import { numbersTo, sorted } from './world.ts'

const WAIT = { timeout: 180_000, interval: 500 }
const COUNT = 50
/** No program of them is to be had here. */
const NOT_HERE = ['grafana', 'kibana']
const JOBS = ['kube-state-metrics', 'kubernetes-cadvisor', 'kubernetes-pods', 'node-exporter']
const METRICS = 'metrics-clymene.samples-'
const LINES = 'logs-clymene.lines-'
const repository = join(import.meta.dirname, '../..')
const readme = readFileSync(join(repository, 'k8s/lab/README.md'), 'utf8')

describeWithEngines(
  ['kubernetes', 'kafka', 'prometheus', 'loki', 'elasticsearch', 'node-exporter'],
  'the lab: everything on one cluster by one command',
  () => {
    let directory: string
    let cluster: Cluster
    let node: string
    let prometheus: string
    let loki: string
    let elasticsearch: string

    beforeAll(async () => {
      directory = makeDataDirectory('lab')
      for (const folder of ['k8s', 'grafana']) cpSync(join(repository, folder), join(directory, folder), { recursive: true })
      // A reader waits half a minute for the rules, and half of that for a Loki that is ready to call itself so.
      edit('k8s/storage/prometheus/prometheus.yaml', 'evaluation_interval: 30s', 'evaluation_interval: 5s')
      edit('k8s/storage/loki/loki.yaml', '    compactor:', '    ingester: { lifecycler: { min_ready_duration: 0s } }\n    compactor:')
      cluster = await startCluster({ images: makeImages(join(directory, 'images')), nodes: [{ name: 'lab' }] })
      node = cluster.nodes[0]?.address ?? ''
      prometheus = `http://${node}:30211`
    })
    afterAll(async () => {
      await cluster?.stop()
      rmSync(directory, { recursive: true, force: true })
    })

    const edit = (file: string, from: string, to: string): void => {
      const before = readFileSync(join(directory, file), 'utf8')
      const after = before.replace(from, to)
      if (after === before) throw new Error(`${file} has nothing like ${from}`)
      writeFileSync(join(directory, file), after)
    }
    const podsOf = async (): Promise<readonly Pod[]> => (await cluster.api.get<{ items: Pod[] }>('/api/v1/pods')).items
    const ownerOf = ({ metadata }: Pod): string => metadata.name.replace(/-[0-9a-f]+-[a-z0-9]{5}$|-[a-z0-9]{5}$|-\d+$/, '')
    const addressOf = async (owner: string): Promise<string> => (await podsOf()).find((pod) => ownerOf(pod) === owner)?.status.podIP ?? ''
    const notReady = async (): Promise<readonly string[]> =>
      (await podsOf())
        .filter(({ status }) => status.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True')
        .map(ownerOf)
        .toSorted()

    /** Through a node port, as other clusters come. */
    const post = async (port: number, path: string, body: Buffer): Promise<number> =>
      (
        await fetch(`http://${node}:${port}${path}`, {
          method: 'POST',
          body: new Uint8Array(body),
          headers: { 'content-type': 'application/x-protobuf' },
        })
      ).status
    /** Runs the README's command of that name as a reader would, at the root of the checkout. */
    const follow = (name: string, ...args: readonly string[]): Promise<string> => {
      const found = readme.split('\n').filter((line) => line.startsWith(`kubectl ${name} `))
      expect(found).toHaveLength(1)
      return cluster.kubernetes.kubectl([...(found[0] ?? '').split(' ').slice(1), ...args], { directory })
    }

    test('applied once, in any order: all pods become ready but those that have no program here', async () => {
      await follow('apply')
      await expect.poll(async () => (await podsOf()).length, WAIT).toBeGreaterThan(13)
      await expect.poll(notReady, WAIT).toEqual(NOT_HERE)
      expect(await follow('get')).toContain('clymene-gateway-')
      loki = `http://${await addressOf('loki')}:3100`
      elasticsearch = `http://${await addressOf('elasticsearch')}:9200`
    })

    test('what comes to the gateways is in every store', async () => {
      const start = Date.now() - COUNT * 1000
      for (const number of numbersTo(COUNT)) {
        const time = start + number * 1000
        expect(await post(30_612, '/api/metrics', sampleOf(number, time))).toBe(204)
        expect(await post(30_613, '/api/logs', lineOf(number, time))).toBe(204)
      }
      const inPrometheus = async () => (await samplesIn(prometheus, 'lab')).flatMap(({ samples }) => samples.map(([, value]) => value))
      const inLoki = async () => (await linesIn(loki, '{job="lab"}')).map(({ line }) => Number(line))
      const samplesInElasticsearch = async () =>
        (await documentsIn(elasticsearch, `${METRICS}target-cluster`)).map(({ source }) => Number(source['value']))
      const linesInElasticsearch = async () =>
        (await documentsIn(elasticsearch, `${LINES}target-cluster`)).map(({ source }) => Number(source['message']))
      for (const store of [inPrometheus, inLoki, samplesInElasticsearch, linesInElasticsearch])
        await expect.poll(async () => sorted(await store()), WAIT).toEqual(numbersTo(COUNT))
    })

    /** Values of a field of the documents of the lab's own cluster. */
    const valuesIn = async (stream: string, field: string): Promise<readonly string[]> => {
      const body = { size: 0, aggs: { values: { terms: { field, size: 1000 } } } }
      const answer = await fetch(`${elasticsearch}/${stream}clymene-cluster/_search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Elasticsearch's answer
      const { aggregations } = (await answer.json()) as { aggregations?: { values: { buckets: { key: string }[] } } }
      return (aggregations?.values.buckets ?? []).map(({ key }) => key)
    }
    const ask = async <T>(url: string): Promise<T> => {
      const answer = await fetch(url)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- answers of Prometheus and Loki
      return ((await answer.json()) as { data: T }).data
    }
    const valuesInPrometheus = (label: string): Promise<readonly string[]> =>
      ask(`${prometheus}/api/v1/label/${label}/values?${new URLSearchParams({ 'match[]': '{cluster="clymene-cluster"}' }).toString()}`)

    test('series of all jobs, lines of pods and events are in both stores of their kind, with the name of the cluster', async () => {
      await expect.poll(() => valuesInPrometheus('job'), WAIT).toEqual(expect.arrayContaining(JOBS))
      await expect.poll(() => valuesIn(METRICS, 'labels.job'), WAIT).toEqual(expect.arrayContaining(JOBS))
      const inLoki = async () => (await linesIn(loki, '{cluster="clymene-cluster"}')).map(({ labels }) => labels['job'])
      const jobs = ['clymene/clymene-agent', 'loki/loki', 'kubernetes-events']
      await expect.poll(inLoki, WAIT).toEqual(expect.arrayContaining(jobs))
      await expect.poll(() => valuesIn(LINES, 'labels.job'), WAIT).toEqual(expect.arrayContaining(jobs))
      expect(await samplesIn(prometheus, '{cluster="",__name__=~".+",alertname=""}')).toEqual([])
    })

    test('Prometheus has all rules and can evaluate them', async () => {
      const named = ['clymene.rules.yml', 'clymene.recording.rules.yml'].flatMap(groupsOf)
      const { groups } = await ask<{ groups: Group[] }>(`${prometheus}/api/v1/rules`)
      expect(groups.map(({ name }) => name).toSorted()).toEqual(named.map(({ name }) => name).toSorted())
      const unfit = async () =>
        (await ask<{ groups: Group[] }>(`${prometheus}/api/v1/rules`)).groups.flatMap(({ rules }) =>
          rules.filter(({ health }) => health !== 'ok'),
        )
      await expect.poll(unfit, WAIT).toEqual([])
    })

    const render = async (folder: string): Promise<readonly KubernetesObject[]> =>
      parseAllDocuments(await cluster.kubernetes.kubectl(['kustomize', folder], { directory })).map(
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kustomize checks the shape
        (document) => document.toJS() as KubernetesObject,
      )

    test('the README says what it takes', async () => {
      const takes = { requests: { cpu: 0, memory: 0 }, limits: { cpu: 0, memory: 0 } }
      let claims = 0
      for (const { kind, spec = {} } of await render('k8s/lab')) {
        const claimed = [...(spec.volumeClaimTemplates ?? []), ...(kind === 'PersistentVolumeClaim' ? [{ spec }] : [])]
        claims += claimed.reduce((sum, claim) => sum + quantity(claim.spec.resources?.requests?.['storage']), 0)
        for (const { resources } of spec.template?.spec.containers ?? [])
          for (const of of ['requests', 'limits'] as const)
            for (const what of ['cpu', 'memory'] as const) takes[of][what] += (spec.replicas ?? 1) * quantity(resources?.[of]?.[what])
      }
      const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1)
      const said = new Map([...readme.matchAll(/^\| (\S+) +\| (\d+\.\d) /gm)].map(([, what, amount]) => [what, amount]))
      expect(said.get('CPU')).toBe(takes.requests.cpu.toFixed(1))
      expect(said.get('memory')).toBe(gib(takes.requests.memory))
      expect(said.get('claims')).toBe(gib(claims))
      expect(readme).toContain(`${takes.limits.cpu.toFixed(1)} CPUs and ${gib(takes.limits.memory)} GiB`)
    })

    test('without claims, and with a bucket for Loki: the same but for the volumes and the store', async () => {
      mkdirSync(join(directory, 'k8s/other'))
      const components = ['../storage/without-claims', '../storage/loki-s3']
      writeFileSync(join(directory, 'k8s/other/kustomization.yaml'), JSON.stringify({ resources: ['../lab'], components }))
      const objects = await render('k8s/other')
      expect(objects.filter(({ kind, spec }) => kind === 'PersistentVolumeClaim' || spec?.volumeClaimTemplates !== undefined)).toEqual([])
      const temporary = objects.flatMap(({ spec }) => spec?.template?.spec.volumes ?? []).filter(({ name }) => name.endsWith('-storage'))
      expect(
        temporary
          .map(({ name, emptyDir, persistentVolumeClaim: claim }) => `${name} ${emptyDir?.sizeLimit} ${claim?.claimName}`)
          .toSorted(),
      ).toEqual([
        'elasticsearch-storage 10Gi undefined',
        'grafana-storage 1Gi undefined',
        'kafka-storage 10Gi undefined',
        'loki-storage 10Gi undefined',
        'prometheus-storage 10Gi undefined',
      ])
      const settings =
        objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'loki-config')?.data?.['loki.yaml'] ?? ''
      writeFileSync(join(directory, 'loki.yaml'), settings)
      const args = ['-verify-config', '-config.expand-env=true', `-config.file=${join(directory, 'loki.yaml')}`]
      const keys = { S3_ACCESS_KEY_ID: 'key', S3_SECRET_ACCESS_KEY: 'secret' }
      const { status, stderr } = spawnSync(cached(lokiProgram), args, { encoding: 'utf8', env: { ...process.env, ...keys } })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    })

    test('taken down by one command', async () => {
      // Namespaces end when the last of their pods does, which is for the test of the guide to see.
      const deleted = await follow('delete', '--wait=false')
      expect(deleted.trimEnd().split('\n')).toHaveLength((await render('k8s/lab')).length)
    })
  },
  [namespaces],
)

type Group = { readonly name: string; readonly rules: readonly { readonly health: string }[] }

const groupsOf = (file: string): readonly Group[] => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- promtool checks the shape
  const { groups } = parse(readFileSync(join(repository, 'grafana/rules', file), 'utf8')) as { groups: Group[] }
  return groups
}

const sampleOf = (value: number, timestampMs: number): Buffer =>
  compress(
    encodeWriteRequest([
      {
        labels: [
          ['__name__', 'lab'],
          ['cluster', 'target-cluster'],
        ],
        samples: [{ timestampMs, value }],
      },
    ]),
  )

/** As a promtail of the original sends it. */
const lineOf = (number: number, timestampMs: number): Buffer =>
  encodeBatchJson(
    [
      {
        labels: [
          ['cluster', 'target-cluster'],
          ['job', 'lab'],
        ],
        entries: [{ timestampNs: BigInt(timestampMs) * 1_000_000n, line: String(number) }],
      },
    ],
    '',
  )
