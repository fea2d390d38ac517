import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext, createKubernetesDiscoverer, parseKubernetesConfig, type Surroundings } from '@clymene/discovery'
import { describeDiscovererContract } from '@clymene/discovery/contract'
import { mutableLabels, type Logger, type TargetGroup } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

import { readDiscovery, adminAccessOf } from '../bench/kubernetes-bench.ts'
import { describeWithEngines, fillKubernetes, startKubernetes, startPrometheus3, type Engine, type Kubernetes } from '../engines/index.ts'
import { crowdOfNodes, crowdOfPods } from '../kubernetes/crowd.ts'
import { startApiProxy } from './api-proxy.ts'

const WAIT_MS = 60_000
/** Not a port that has these digits. */
const STATUS_401 = /\b401\b/
const AGENT = 'clymene-agent'

const ROLES = ['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress']

describeWithEngines(['kubernetes'], 'discovery in a real cluster', () => {
  let kubernetes: Kubernetes
  let folder = ''
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'clymene-discovery-'))
    kubernetes = await startKubernetes({ controllerManager: true })
    await apply(CLUSTER)
    await waitFor(async () => (await kubernetes.tryKubectl(['-n', 'shop', 'get', 'serviceaccount', 'default'])).status === 0)
    await waitFor(async () => (await kubernetes.tryKubectl(['-n', 'other', 'get', 'serviceaccount', 'default'])).status === 0)
    await apply(OBJECTS)
    await run('web-1', '10.244.1.1')
    await run('web-2', '10.244.2.1')
    await run('db-0', '10.244.1.2', 'other')
  })
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })
  afterAll(async () => {
    await kubernetes?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const apply = (objects: readonly object[]): Promise<string> =>
    kubernetes.kubectl(['apply', '-f', '-'], { input: JSON.stringify({ kind: 'List', apiVersion: 'v1', items: objects }) })

  /** What a kubelet would say of a pod that it runs. */
  const run = (name: string, podIP: string, namespace = 'shop'): Promise<string> => {
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: 'True' }] }
    return kubernetes.kubectl([
      '-n',
      namespace,
      'patch',
      'pod',
      name,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    ])
  }
  const addPod = async (name: string, podIP: string): Promise<void> => {
    await apply([podOf(name, 'shop', 'n1')])
    await run(name, podIP)
  }
  const remove = (...what: readonly string[]): Promise<string> =>
    kubernetes.kubectl(['-n', 'shop', 'delete', '--grace-period=0', '--force', ...what])

  /** The folder that a kubelet mounts into a pod, and the variables that it sets. */
  async function inCluster(url = kubernetes.url): Promise<Surroundings & { readonly replaceToken: (token: string) => void }> {
    const serviceAccount = mkdtempSync(join(folder, 'serviceaccount-'))
    const replaceToken = (token: string): void => writeFileSync(join(serviceAccount, 'token'), token)
    copyFileSync(kubernetes.caFile, join(serviceAccount, 'ca.crt'))
    writeFileSync(join(serviceAccount, 'namespace'), 'shop')
    replaceToken(await kubernetes.token('shop', AGENT))
    const { hostname, port } = new URL(url)
    return { env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }, serviceAccount, replaceToken }
  }

  /** A process with jobs of these configurations: what each knows now. */
  function agent(surroundings: Surroundings, ...configs: readonly object[]) {
    const errors: string[] = []
    const log = (message: string): void => void errors.push(message)
    const logger: Logger = { ...silentLogger, warn: log, error: log, child: () => logger }
    const metrics = createMetrics()
    const context = createDiscoveryContext({ logger, metrics, surroundings, limits: { backoffMs: [50, 500] }, batchMs: 50 })
    const stop = new AbortController()
    const jobs = configs.map((config) => {
      const groups = new Map<string, TargetGroup>()
      const updates: number[] = []
      const discoverer = createKubernetesDiscoverer(parseKubernetesConfig(config, 'k[0]', { directory: folder }), context)
      const running = discoverer.run((changed) => {
        updates.push(changed.length)
        for (const group of changed) {
          if (group.targets.length === 0) groups.delete(group.source)
          else groups.set(group.source, group)
        }
      }, stop.signal)
      return { groups, updates, running }
    })
    closing.push(async () => {
      stop.abort()
      await Promise.all(jobs.map(({ running }) => running))
      await context.close()
    })
    const counted = async (name: string): Promise<string> => metrics.registry.getSingleMetricAsString(`clymene_agent_sd_kubernetes_${name}`)
    return { jobs, errors, counted, sources: (index = 0) => [...(jobs[index]?.groups.keys() ?? [])].toSorted() }
  }

  describe.each(ROLES)('the contract', (role) => {
    describeDiscovererContract(`kubernetes, ${role}`, async () => {
      const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics(), surroundings: await inCluster() })
      const config = parseKubernetesConfig({ role, ...(role === 'node' ? {} : { namespaces: { names: ['shop'] } }) }, 'k[0]')
      return { create: () => createKubernetesDiscoverer(config, context), stop: context.close }
    })
  })

  test('every role: objects come, change and go', async () => {
    const { jobs, sources, counted } = agent(await inCluster(), ...ROLES.map((role) => ({ role })))
    await waitFor(() => jobs.every(({ groups }) => groups.size > 0))
    expect(sources(0)).toEqual(['node/n1', 'node/n2'])
    expect(sources(1)).toEqual(['pod/other/db-0', 'pod/shop/web-1', 'pod/shop/web-2'])
    expect(sources(2)).toEqual(['svc/default/kubernetes', 'svc/shop/web'])
    expect(sources(5)).toEqual(['ingress/shop/web'])
    const targets = (index: number) =>
      [...(jobs[index]?.groups.values() ?? [])].flatMap((group) => group.targets.map((target) => target.get('__address__')))
    await waitFor(() => [3, 4].every((index) => targets(index).includes('10.244.1.1:8080') && targets(index).includes('10.244.2.1:8080')))
    expect(targets(0)).toEqual(['192.168.1.1:10250', '192.168.1.2:10250'])
    const [endpoints] = [...(jobs[3]?.groups.values() ?? [])]
    expect(endpoints?.labels.get('__meta_kubernetes_service_annotation_prometheus_io_scrape')).toBe('true')
    expect(endpoints?.targets[0]?.get('__meta_kubernetes_pod_container_name')).toBe('main')

    await apply([nodeOf('n3', '192.168.1.3'), serviceOf('more'), ingressOf('more', 'more.example')])
    await addPod('web-3', '10.244.1.3')
    await waitFor(() => sources(0).includes('node/n3') && sources(1).includes('pod/shop/web-3') && sources(2).includes('svc/shop/more'))
    await waitFor(() => targets(5).includes('more.example'))
    await waitFor(() => [3, 4].every((index) => targets(index).includes('10.244.1.3:8080')))

    await kubernetes.kubectl(['-n', 'shop', 'label', 'pod', 'web-3', 'version=2'])
    const label = (index: number, name: string) =>
      [...(jobs[index]?.groups.values() ?? [])]
        .flatMap(({ labels, targets: all }) => [labels, ...all])
        .some((labels) => labels.get(name) === '2')
    await waitFor(() => [1, 3, 4].every((index) => label(index, '__meta_kubernetes_pod_label_version')))
    await kubernetes.kubectl(['-n', 'shop', 'label', 'service', 'web', 'version=2'])
    await waitFor(() => [2, 3, 4].every((index) => label(index, '__meta_kubernetes_service_label_version')))

    await kubernetes.kubectl(['-n', 'shop', 'label', 'ingress', 'web', 'version=2'])
    await waitFor(() => label(5, '__meta_kubernetes_ingress_label_version'))

    await remove('pod/web-3', 'service/more', 'ingress/more')
    await kubernetes.kubectl(['delete', 'node', 'n3'])
    await waitFor(() => !sources(0).includes('node/n3') && !sources(1).includes('pod/shop/web-3') && !sources(2).includes('svc/shop/more'))
    await waitFor(() => [3, 4].every((index) => !targets(index).includes('10.244.1.3:8080')))
    await waitFor(() => !sources(5).includes('ingress/shop/more'))
    expect(await counted('failures_total')).not.toMatch(/\} [1-9]/)
  })

  test.each<[what: string, config: object, expected: readonly string[]]>([
    ['a namespace', { role: 'pod', namespaces: { names: ['other'] } }, ['pod/other/db-0']],
    ['two namespaces', { role: 'pod', namespaces: { names: ['other', 'shop'] } }, ['pod/other/db-0', 'pod/shop/web-1', 'pod/shop/web-2']],
    ['the own namespace', { role: 'pod', namespaces: { own_namespace: true } }, ['pod/shop/web-1', 'pod/shop/web-2']],
    ['a label', { role: 'pod', selectors: [{ role: 'pod', label: 'app in (web),tier!=x' }] }, ['pod/shop/web-1', 'pod/shop/web-2']],
    ['a field', { role: 'pod', selectors: [{ role: 'pod', field: 'spec.nodeName=n1' }] }, ['pod/other/db-0', 'pod/shop/web-1']],
    ['both', { role: 'pod', selectors: [{ role: 'pod', label: 'app=web', field: 'spec.nodeName=n1' }] }, ['pod/shop/web-1']],
    ['a node', { role: 'node', selectors: [{ role: 'node', label: 'disk=ssd' }] }, ['node/n2']],
    [
      'the pods of a node with a label',
      { role: 'pod', selectors: [{ role: 'node', label: 'disk=ssd' }], attach_metadata: { node: true } },
      ['pod/shop/web-2'],
    ],
    ['an ingress', { role: 'ingress', selectors: [{ role: 'ingress', field: 'metadata.name=web' }] }, ['ingress/shop/web']],
  ])('narrowed to %s', async (_what, config, expected) => {
    const { sources } = agent(await inCluster(), config)
    await waitFor(() => sources().length > 0)
    expect(sources()).toEqual(expected)
  })

  test('labels of the namespace, and of the Deployment, Job and CronJob that made a pod', async () => {
    const template = { metadata: { labels: { app: 'made' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'i' }] } }
    const selector = { matchLabels: { app: 'made' } }
    const deployed = { ...template, spec: { containers: template.spec.containers } }
    await apply([
      { ...named('Deployment', 'apps/v1', 'made', 'shop'), spec: { replicas: 1, selector, template: deployed } },
      {
        ...named('CronJob', 'batch/v1', 'nightly', 'shop'),
        spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: { template } } },
      },
    ])
    await kubernetes.kubectl(['-n', 'shop', 'create', 'job', '--from=cronjob/nightly', 'nightly-1'])
    const attach_metadata = { namespace: true, deployment: true, job: true, cronjob: true }
    const selectors = [{ role: 'pod', label: 'app=made' }]
    const { jobs } = agent(await inCluster(), { role: 'pod', selectors, attach_metadata, namespaces: { names: ['shop'] } })
    let pods: readonly string[] = []
    await waitFor(async () => {
      pods = (await kubernetes.kubectl(['-n', 'shop', 'get', 'pods', '-l', 'app=made', '-o', 'name'])).match(/[^/\s]+$/gm) ?? []
      return pods.length === 2
    })
    for (const [index, name] of pods.entries()) await run(name, `10.244.9.${index}`)
    const labels = () => [...(jobs[0]?.groups.values() ?? [])].map((group) => Object.fromEntries(group.labels))
    await waitFor(() => labels().length === 2)
    await kubernetes.kubectl(['label', 'namespace', 'shop', 'team=shop'])
    await waitFor(() => labels().every((one) => one['__meta_kubernetes_namespace_label_team'] === 'shop'))
    const names = labels().map((one) => ['deployment', 'job', 'cronjob'].map((kind) => one[`__meta_kubernetes_pod_${kind}_name`] ?? ''))
    expect(names.map((one) => one.join()).toSorted()).toEqual([',nightly-1,nightly', 'made,,'])
    await remove('deployment/made', 'cronjob/nightly')
    await waitFor(() => labels().length === 0)
  })

  test('by a kubeconfig, and by an address with a token file and an authority', async () => {
    const surroundings = await inCluster()
    const kubeconfig = await kubernetes.kubeconfig('shop', AGENT)
    const { serviceAccount } = surroundings
    const byAddress = {
      role: 'pod',
      api_server: kubernetes.url,
      bearer_token_file: join(serviceAccount, 'token'),
      tls_config: { ca_file: join(serviceAccount, 'ca.crt') },
    }
    const { sources, jobs } = agent({ env: {}, serviceAccount: '' }, { role: 'pod', kubeconfig_file: kubeconfig }, byAddress, {
      role: 'pod',
      kubeconfig_file: kubernetes.adminKubeconfig,
      attach_metadata: { node: true },
    })
    await waitFor(() => [0, 1, 2].every((index) => sources(index).length === 3))
    const attached = jobs[2]?.groups.get('pod/shop/web-2')
    expect(attached?.labels.get('__meta_kubernetes_node_label_disk')).toBe('ssd')
  })

  test('an authority that did not sign the server is refused with a clear word', async () => {
    const { errors, jobs } = agent({ env: {}, serviceAccount: '' }, { role: 'pod', api_server: kubernetes.url })
    await waitFor(() => errors.length > 0)
    expect(errors[0]).toMatch(/^cannot watch pods in all namespaces, the targets known stay: .*(certificate|issuer)/)
    expect(jobs[0]?.updates).toEqual([])
  })

  test('the API server restarts: targets stay, and what comes after it is seen', async () => {
    const { jobs, sources, counted } = agent(await inCluster(), { role: 'pod', namespaces: { names: ['shop'] } })
    await waitFor(() => sources().length === 2)
    await kubernetes.restartApiServer()
    await addPod('after', '10.244.1.9')
    await waitFor(() => sources().includes('pod/shop/after'))
    await remove('pod/after')
    await waitFor(() => sources().length === 2)
    // Nobody was taken for gone meanwhile: the first update, the pod that came, the pod that went.
    expect(jobs[0]?.updates.reduce((sum, groups) => sum + groups, 0)).toBe(4)
    expect(await counted('restarts_total')).toMatch(/reason="failure"\} [1-9]/)
  })

  test('a version that the server no longer has: everything is listed anew, only what differs is told', async () => {
    const proxy = await startApiProxy(kubernetes.url)
    closing.push(proxy.close)
    const { jobs, sources, counted } = agent(await inCluster(proxy.url), { role: 'pod', namespaces: { names: ['shop'] } })
    await addPod('goes', '10.244.1.8')
    await waitFor(() => sources().length === 3)
    const before = jobs[0]?.updates.length ?? 0
    await proxy.cut()
    await remove('pod/goes')
    await addPod('comes', '10.244.1.7')
    // A new server knows only versions from its start on.
    await kubernetes.restartApiServer()
    proxy.mend()
    await waitFor(() => sources().includes('pod/shop/comes'))
    expect(sources()).toEqual(['pod/shop/comes', 'pod/shop/web-1', 'pod/shop/web-2'])
    expect(jobs[0]?.updates.slice(before)).toEqual([2])
    expect(await counted('restarts_total')).toContain('{resource="pods",reason="expired"} 1')
    await remove('pod/comes')
  })

  test('a token that is revoked and replaced: targets stay, and it goes on with the new one', async () => {
    const surroundings = await inCluster()
    const boundToken = async (secret: string): Promise<string> => {
      await apply([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: secret, namespace: 'shop' } }])
      const args = ['-n', 'shop', 'create', 'token', AGENT, '--bound-object-kind=Secret', `--bound-object-name=${secret}`]
      return (await kubernetes.kubectl(args)).trim()
    }
    surroundings.replaceToken(await boundToken('first'))
    const { sources, errors } = agent(surroundings, { role: 'pod', namespaces: { names: ['shop'] } })
    await waitFor(() => sources().length === 2)
    await remove('secret/first')
    await kubernetes.restartApiServer()
    await waitFor(() => errors.some((error) => STATUS_401.test(error)))
    expect(errors.find((error) => STATUS_401.test(error))).toMatch(/the token or certificate is wrong or has expired$/)
    expect(sources()).toHaveLength(2)
    surroundings.replaceToken(await boundToken('second'))
    await addPod('after', '10.244.1.9')
    await waitFor(() => sources().includes('pod/shop/after'))
    await remove('pod/after')
  })

  describeWithEngines(['prometheus3'], 'Prometheus 3.15 beside', () => {
    let prometheus: Engine
    const attach_metadata = { node: true, namespace: true, deployment: true, job: true, cronjob: true }
    const configs = ROLES.map((role) => ({ role, attach_metadata }))
    beforeAll(async () => {
      await apply(CURIOSITIES)
      await run('curious', '10.244.1.77')
      const scrape_configs = configs.map((config) => ({
        job_name: config.role,
        // Targets that are the same afterwards would be one.
        relabel_configs: [{ action: 'labelmap', regex: '__meta_kubernetes_(.+)' }],
        kubernetes_sd_configs: [{ ...config, ...adminAccessOf(kubernetes) }],
      }))
      prometheus = await startPrometheus3({ configuration: { scrape_configs } })
    })
    afterAll(async () => {
      await prometheus?.stop()
      await remove(
        'pod/curious',
        'service/curious',
        'service/elsewhere',
        'service/balanced',
        'ingress/curious',
        'endpoints/by-hand',
        'endpointslice/by-hand',
      )
    })

    test.each(configs)('finds the same targets with the same labels: $role', async (config) => {
      const { jobs } = agent(await inCluster(), config)
      const ours = (): readonly object[] =>
        [...(jobs[0]?.groups.values() ?? [])].flatMap((group) =>
          group.targets.flatMap((target) =>
            // A rule of an ingress without a host is a target without an address: Prometheus does not show it.
            target.get('__address__') === '' ? [] : [comparable(mutableLabels(group, target))],
          ),
        )
      const theirs = async (): Promise<readonly object[]> => {
        const answer = await fetch(`${prometheus.url}/api/v1/targets?state=any`)
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what Prometheus' API is documented to answer
        const { data } = (await answer.json()) as {
          data: { activeTargets: readonly { scrapePool: string; discoveredLabels: Readonly<Record<string, string>> }[] }
        }
        return data.activeTargets.flatMap(({ scrapePool, discoveredLabels }) =>
          scrapePool === config.role ? [comparable(new Map(Object.entries(discoveredLabels)))] : [],
        )
      }
      await waitFor(() => ours().length > 1)
      await vi.waitFor(async () => expect(sorted(ours())).toEqual(sorted(await theirs())), { timeout: 15_000, interval: 200 })
    })
  })

  test('what is forbidden is told with resource, namespace and verbs; other jobs and namespaces go on', async () => {
    const kubeconfig_file = await kubernetes.kubeconfig('other', 'reader')
    const { sources, errors, jobs } = agent(
      { env: {}, serviceAccount: '' },
      { role: 'node', kubeconfig_file },
      { role: 'pod', kubeconfig_file, namespaces: { names: ['other', 'shop'] } },
      { role: 'pod', kubeconfig_file: kubernetes.adminKubeconfig },
    )
    await waitFor(() => sources(1).length === 1 && sources(2).length === 3 && errors.length >= 2)
    expect(sources(1)).toEqual(['pod/other/db-0'])
    expect(errors.toSorted()).toEqual([
      expect.stringMatching(
        /^cannot list and watch nodes: .* 403: nodes is forbidden: .* it needs a ClusterRole with the verbs list and watch for nodes of the API group ""$/,
      ),
      expect.stringMatching(
        /^cannot list and watch pods in namespace shop: .* it needs a Role in shop with the verbs list and watch for pods of the API group ""$/,
      ),
    ])
    expect(jobs[0]?.updates).toEqual([])
    await apply([allow('shop')])
    await waitFor(() => sources(1).length === 3)
    await remove('rolebinding/reader')
  })

  // Last: the others count what they find.
  test('10,000 pods on 1,000 nodes: all are found by 15 s of work in 350 MB, and nobody else waits for more than 200 ms of it', async () => {
    const size = { pods: 10_000, nodes: 1000 }
    await kubernetes.stopControllers()
    await fillKubernetes(kubernetes.etcdUrl, crowdOfNodes(size.nodes))
    await fillKubernetes(kubernetes.etcdUrl, crowdOfPods(size.pods, { namespaces: 20, nodes: size.nodes }))
    const attach_metadata = { node: true, namespace: true }
    const configs = [{ role: 'pod', attach_metadata }, { role: 'node' }]
    const job = { kubernetes_sd_configs: configs.map((config) => ({ ...config, ...adminAccessOf(kubernetes) })) }
    const reading = await readDiscovery({ job, expected: size.pods + size.nodes, scraping: false })
    // By CPU time: others use the machine as well.
    expect(reading.cpuSeconds).toBeLessThan(15)
    expect(reading.longestWorkMs).toBeLessThan(200)
    expect(reading.peakBytes).toBeLessThan(350e6)
    // One request for pods, nodes and namespaces each. Waits for another try cost no CPU time; one more of each is a busy machine's.
    expect(reading.failures).toBeLessThanOrEqual(3)
    expect(reading.restarts).toBeLessThanOrEqual(3)
  })
})

/** What discovery alone says of a target: without what a job adds, and without labels that have no value. */
function comparable(labels: ReadonlyMap<string, string>): object {
  const isOfJob = (name: string): boolean => name === 'job' || (/^__.*__$/.test(name) && name !== '__address__')
  return Object.fromEntries([...labels].filter(([name, value]) => value !== '' && !isOfJob(name)).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const sorted = (objects: readonly object[]): readonly object[] =>
  objects.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

const waitFor = (condition: () => boolean | Promise<boolean>): Promise<void> =>
  vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`still not: ${condition.toString()}`)
    },
    { timeout: WAIT_MS, interval: 50 },
  )

const named = (kind: string, apiVersion: string, name: string, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }) },
})
const RBAC = 'rbac.authorization.k8s.io/v1'
const account = (name: string, namespace: string) => ({ kind: 'ServiceAccount', name, namespace })
const VERBS = ['list', 'watch']

/** Lets the reader of namespace other read pods of a namespace. */
const allow = (namespace: string) => ({
  ...named('RoleBinding', RBAC, 'reader', namespace),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
  subjects: [account('reader', 'other')],
})

const CLUSTER: readonly object[] = [
  named('Namespace', 'v1', 'shop'),
  named('Namespace', 'v1', 'other'),
  named('ServiceAccount', 'v1', AGENT, 'shop'),
  named('ServiceAccount', 'v1', 'reader', 'other'),
  {
    ...named('ClusterRole', RBAC, AGENT),
    rules: [
      { apiGroups: [''], resources: ['nodes', 'pods', 'services', 'endpoints', 'namespaces'], verbs: VERBS },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: VERBS },
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: VERBS },
      { apiGroups: ['apps'], resources: ['replicasets'], verbs: VERBS },
      { apiGroups: ['batch'], resources: ['jobs'], verbs: VERBS },
    ],
  },
  {
    ...named('ClusterRoleBinding', RBAC, AGENT),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: AGENT },
    subjects: [account(AGENT, 'shop')],
  },
  { ...named('ClusterRole', RBAC, 'reader'), rules: [{ apiGroups: [''], resources: ['pods'], verbs: VERBS }] },
  allow('other'),
]

const nodeOf = (name: string, address: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  status: {
    addresses: [{ type: 'InternalIP', address }],
    conditions: [{ type: 'Ready', status: 'True' }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  },
})
const podOf = (name: string, namespace: string, nodeName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: namespace === 'shop' ? 'web' : 'db' } },
  spec: { nodeName, containers: [{ name: 'main', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] }] },
})
const serviceOf = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', annotations: { 'prometheus.io/scrape': 'true' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
})
const ingressOf = (name: string, host: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name, namespace: 'shop', labels: { team: 'shop' } },
  spec: {
    ingressClassName: 'nginx',
    tls: [{ hosts: ['*.example'] }],
    rules: [host, 'other.test'].map((one) => ({
      host: one,
      http: {
        paths: ['/', '/api'].map((path) => ({
          path,
          pathType: 'Prefix',
          backend: { service: { name: 'web', port: { name: 'http' } } },
        })),
      },
    })),
  },
})
const OBJECTS: readonly object[] = [
  nodeOf('n1', '192.168.1.1'),
  nodeOf('n2', '192.168.1.2', { disk: 'ssd' }),
  serviceOf('web'),
  ingressOf('web', 'web.example'),
  podOf('web-1', 'shop', 'n1'),
  podOf('web-2', 'shop', 'n2'),
  podOf('db-0', 'other', 'n1'),
]

/** Objects with everything that becomes a label somewhere. */
const CURIOSITIES: readonly object[] = [
  {
    ...podOf('curious', 'shop', 'n2'),
    metadata: {
      name: 'curious',
      namespace: 'shop',
      labels: { app: 'curious', 'a.b/c-d': 'x', empty: '' },
      annotations: { 'e.f/g': 'y', json: '{"a":"ü"}', nothing: '' },
    },
    spec: {
      nodeName: 'n2',
      containers: [
        {
          name: 'main',
          image: 'i',
          ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }, { name: 'dns-tcp', containerPort: 53 }, { containerPort: 9999 }],
        },
        { name: 'portless', image: 'j' },
      ],
      initContainers: [{ name: 'before', image: 'k', ports: [{ name: 'init', containerPort: 7000 }] }],
    },
  },
  {
    ...named('Service', 'v1', 'curious', 'shop'),
    spec: {
      selector: { app: 'curious' },
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'web', port: 80, appProtocol: 'http', targetPort: 9999 },
      ],
    },
  },
  {
    ...named('Service', 'v1', 'elsewhere', 'shop'),
    spec: { type: 'ExternalName', externalName: 'elsewhere.example', ports: [{ port: 443 }] },
  },
  { ...named('Service', 'v1', 'balanced', 'shop'), spec: { type: 'LoadBalancer', loadBalancerIP: '203.0.113.9', ports: [{ port: 80 }] } },
  {
    ...named('Ingress', 'networking.k8s.io/v1', 'curious', 'shop'),
    spec: {
      rules: [
        { host: 'curious.example' },
        { http: { paths: [{ path: '/x', pathType: 'Exact', backend: { service: { name: 'web', port: { number: 80 } } } }] } },
      ],
    },
  },
  {
    ...named('Endpoints', 'v1', 'by-hand', 'shop'),
    subsets: [
      {
        addresses: [
          { ip: '10.1.1.1', hostname: 'h', nodeName: 'n1' },
          { ip: '10.1.1.2', targetRef: { kind: 'Node', name: 'n2' } },
        ],
        notReadyAddresses: [{ ip: '10.1.1.3' }],
        ports: [{ name: 'p', port: 1 }],
      },
    ],
  },
  {
    ...named('EndpointSlice', 'discovery.k8s.io/v1', 'by-hand', 'shop'),
    addressType: 'IPv6',
    endpoints: [
      { addresses: ['fd00::1'], hostname: 'h', nodeName: 'n1', zone: 'z', conditions: { ready: false, serving: true, terminating: true } },
      { addresses: ['fd00::2'], targetRef: { kind: 'Node', name: 'n2' }, deprecatedTopology: { x: 'y' } },
    ],
    ports: [
      { name: 'p', port: 1, appProtocol: 'http' },
      { name: 'q', port: 2 },
    ],
  },
]
