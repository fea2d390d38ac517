import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, startKubernetes, type Kubernetes } from '../engines/index.ts'
import { EXAMPLES, root as workspace } from '../manifests/manifest-files.ts'
import { startApiProxy, type ApiProxy } from './api-proxy.ts'
import { startLinesSink } from './lines-sink.ts'
import { startService } from './service.ts'

const WAIT = { timeout: 30_000, interval: 50 }
const DEAD_UID = '11111111-2222-4333-8444-555555555555'
const NODE = 'n1'

/** What the job of the guide maps, with what finds the pods left out. */
const RELABEL = `
    pipeline_stages: [{cri: {}}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
      - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
      - {source_labels: [__meta_kubernetes_pod_container_name], target_label: container}
      - {source_labels: [__meta_kubernetes_pod_node_name], target_label: node_name}
      - {source_labels: [__meta_kubernetes_pod_uid], target_label: uid}
      - {source_labels: [__meta_kubernetes_pod_label_app], target_label: app}`

describeWithEngines(['kubernetes'], 'logs of pods', () => {
  let kubernetes: Kubernetes
  let proxy: ApiProxy
  let folder = ''
  let kubeconfig = ''
  const uids = new Map<string, string>()
  const closing: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'clymene-kubernetes-logs-'))
    kubernetes = await startKubernetes()
    proxy = await startApiProxy(kubernetes.url)
    for (const namespace of ['app-test', 'kube-logging', 'clymene']) {
      await apply({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace } })
      await apply({ kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'default', namespace } })
    }
    await apply({
      kind: 'ClusterRole',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name: 'pods' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }],
    })
    await apply({
      kind: 'ClusterRoleBinding',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name: 'pods' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'pods' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'clymene' }],
    })
    kubeconfig = await kubernetes.kubeconfig('clymene', 'default')
    // The same by a way that can be cut.
    writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replaceAll(kubernetes.url, proxy.url))
    for (const namespace of ['default', 'app-test', 'kube-logging']) await addPod(namespace, 'nginx')
  })
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    proxy.mend()
  })
  afterAll(async () => {
    await proxy?.close()
    await kubernetes?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const apply = (object: object): Promise<string> => kubernetes.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) })

  /** What scheduler and kubelet do, as far as it is seen from outside. */
  async function addPod(namespace: string, name: string): Promise<void> {
    const spec = { nodeName: NODE, containers: [{ name: 'main', image: 'nginx' }] }
    await apply({ kind: 'Pod', apiVersion: 'v1', metadata: { name, namespace, labels: { app: name } }, spec })
    const uid = await kubernetes.kubectl(['-n', namespace, 'get', 'pod', name, '-o', 'jsonpath={.metadata.uid}'])
    const status = JSON.stringify({ status: { phase: 'Running', podIP: '10.244.0.1', podIPs: [{ ip: '10.244.0.1' }] } })
    await kubernetes.kubectl(['-n', namespace, 'patch', 'pod', name, '--subresource=status', '--type=merge', '-p', status])
    uids.set(`${namespace}/${name}`, uid)
  }

  const uidOf = (namespace: string, name: string): string => uids.get(`${namespace}/${name}`) ?? DEAD_UID

  /** A node's `/var/log`. */
  function createNode() {
    const root = mkdtempSync(join(folder, 'node-'))
    return {
      root,
      say: (namespace: string, pod: string, line: string): void => {
        const directory = join(root, 'pods', `${namespace}_${pod}_${uidOf(namespace, pod)}`, 'main')
        mkdirSync(directory, { recursive: true })
        appendFileSync(join(directory, '0.log'), `${new Date().toISOString()} stdout F ${line}\n`)
      },
    }
  }

  async function startPromtail(root: string, discovery: string, relabel = RELABEL) {
    const sink = await startLinesSink()
    closing.push(sink.close)
    const config = join(root, 'promtail.yml')
    const positions = `positions: {filename: ${join(root, 'positions.yaml')}}\ntarget_config: {sync_period: 200ms}\n`
    writeFileSync(config, `${positions}scrape_configs:\n  - job_name: pods\n    ${discovery}${relabel}\n`)
    const agent = await startService('promtail', {
      environment: { STORAGE_TYPE: 'loki', HOSTNAME: NODE },
      flags: [
        `--loki.client.url=${sink.url}`,
        `--config.file=${config}`,
        `--buffer.dir=${join(root, 'buffer')}`,
        '--cluster=c1',
        '--clymene-promtail.batch-wait=50ms',
        '--logs.exclude-namespaces=kube-logging,kube-system',
        '--discovery.pod-logs.api-wait=1s',
      ],
    })
    closing.push(agent.stop)
    return { sink, agent }
  }

  const labelsOf = (root: string, namespace: string, pod: string, more: object = {}) => ({
    cluster: 'c1',
    namespace,
    pod,
    container: 'main',
    node_name: NODE,
    uid: uidOf(namespace, pod),
    stream: 'stdout',
    filename: join(root, 'pods', `${namespace}_${pod}_${uidOf(namespace, pod)}`, 'main', '0.log'),
    ...more,
  })

  test.each<[what: string, discovery: (root: string) => string, extra: string]>([
    ['found by their folders', (root) => `pod_logs_sd_configs: [{path: ${root}, kubeconfig_file: ${kubeconfig}}]`, ''],
    [
      'found by the API server, as the guide has it',
      () => `kubernetes_sd_configs: [{role: pod, kubeconfig_file: ${kubeconfig}}]`,
      `
      - {source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /, target_label: __path__, replacement: <root>/pods/*$1/*.log}`,
    ],
  ])('pods of default and app-test are collected, those of kube-logging are not: %s', async (_what, discovery, extra) => {
    const { root, say } = createNode()
    for (const namespace of ['kube-logging', 'default', 'app-test']) say(namespace, 'nginx', `of ${namespace}`)
    const { sink } = await startPromtail(root, discovery(root), RELABEL + extra.replace('<root>', root))
    await expect.poll(() => sink.lines().length, WAIT).toBe(2)
    for (const namespace of ['kube-logging', 'default', 'app-test']) say(namespace, 'nginx', `more of ${namespace}`)
    await expect.poll(() => sink.lines().length, WAIT).toBe(4)
    for (const namespace of ['default', 'app-test'])
      for (const line of [`of ${namespace}`, `more of ${namespace}`])
        expect(sink.labelsOf(line)).toEqual([labelsOf(root, namespace, 'nginx', { app: 'nginx' })])
  })

  test('the examples of pods that collect their own files are taken as they are', async () => {
    const examples = EXAMPLES.flatMap((file) => ['-f', join(workspace, file)])
    const created = await kubernetes.kubectl(['create', '--dry-run=server', '--validate=strict', '-o', 'name', ...examples])
    expect(created.trim().split('\n')).toEqual([
      'deployment.apps/shop-agent',
      'configmap/shop-promtail-config',
      'deployment.apps/shop-streaming',
    ])
  })

  test('a pod that died before its lines were read, an API server that is away, and a restart meanwhile: no line lacks its pod', async () => {
    const { root, say } = createNode()
    const discovery = `pod_logs_sd_configs: [{path: ${root}, kubeconfig_file: ${kubeconfig}}]`
    say('default', 'dead', 'last words')
    say('default', 'nginx', 'before')
    const first = await startPromtail(root, discovery)
    await expect.poll(() => first.sink.lines().length, WAIT).toBe(2)
    expect(first.sink.labelsOf('last words')).toEqual([labelsOf(root, 'default', 'dead')])
    const known = labelsOf(root, 'default', 'nginx', { app: 'nginx' })
    expect(first.sink.labelsOf('before')).toEqual([known])

    await addPod('app-test', 'late')
    await proxy.cut()
    say('app-test', 'late', 'while it is away')
    say('default', 'nginx', 'while it is away, from one that is known')
    await expect.poll(() => first.sink.lines().length, WAIT).toBe(4)
    expect(first.sink.labelsOf('while it is away, from one that is known')).toEqual([known])
    await first.agent.stop()

    say('default', 'nginx', 'while nobody reads')
    const second = await startPromtail(root, discovery)
    await expect.poll(() => second.sink.lines().length, WAIT).toBe(1)
    expect(second.sink.labelsOf('while nobody reads')).toEqual([known])
    say('default', 'dead', 'a voice from the grave')
    await expect.poll(() => second.sink.labelsOf('a voice from the grave'), WAIT).toEqual([labelsOf(root, 'default', 'dead')])

    proxy.mend()
    const late = labelsOf(root, 'app-test', 'late', { app: 'late' })
    await expect
      .poll(() => {
        say('app-test', 'late', 'it is back')
        return second.sink.labelsOf('it is back').at(-1)
      }, WAIT)
      .toEqual(late)
    expect(second.sink.labelsOf('before')).toEqual([])
    await kubernetes.kubectl(['-n', 'app-test', 'delete', 'pod', 'late', '--grace-period=0', '--force'])
    say('app-test', 'late', 'still there')
    await expect.poll(() => second.sink.labelsOf('still there'), WAIT).toEqual([late])
  })

  test('no API server at all: namespace, pod, container, uid and node are there', async () => {
    const { root, say } = createNode()
    const { sink } = await startPromtail(root, `pod_logs_sd_configs: [{path: ${root}}]`)
    say('default', 'nginx', 'a line')
    say('kube-logging', 'nginx', 'another line')
    say('default', 'dead', 'a third line')
    await expect.poll(() => sink.lines().length, WAIT).toBe(2)
    expect(sink.labelsOf('a line')).toEqual([labelsOf(root, 'default', 'nginx')])
    expect(sink.labelsOf('a third line')).toEqual([labelsOf(root, 'default', 'dead')])
  })
})
