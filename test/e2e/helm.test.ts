import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

import { fromPromtail, helmValues } from '@clymene/agent'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { blocksOf } from '../docs/commands.ts'
import { helmProgram } from '../engines/helm.ts'
import { describeWithEngines } from '../engines/index.ts'
import { outcomeOf } from '../engines/kubernetes-command.ts'
import { kubernetesProgram } from '../engines/kubernetes-programs.ts'
import { kustomizeProgram } from '../engines/kustomize.ts'
import { runCommand } from '../engines/run-command.ts'
import { ACCEPTED } from '../helm/accepted-values.ts'
import { differences, objectsOf, type Rendered } from '../helm/differences.ts'
import { REFUSED } from '../helm/refused-values.ts'
import { CHART, renderVariants, type Values, type Variants } from '../helm/variants.ts'
import { configurationMistakes } from '../manifests/configured.ts'
import { type Manifest, root } from '../manifests/manifest-files.ts'
import type { KubernetesObject } from '../manifests/objects.ts'

const example = (name: string): Values => parse(readFileSync(join(CHART, 'examples', `${name}.yaml`), 'utf8'))
const toNamespace = (name: string, port: number): Values => ({
  to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }],
  ports: [{ port }],
})
const target = { cluster: 'target-cluster', target: { gatewayHosts: ['GATEWAY_NODE_IP'] } }

/** Overlays, and the values that say the same. */
const OVERLAYS: Readonly<Record<string, Values>> = {
  main: {},
  target: { role: 'target', ...target },
  production: example('production'),
  'production-target': { ...example('production-target'), ...target },
  'without-kafka': { route: 'gateways' },
  direct: { route: 'direct' },
  'production-without-kafka': {
    ...example('production'),
    route: 'gateways',
    networkPolicies: { enabled: true, toMetricsStorages: [toNamespace('prometheus', 9090)], toLogStorages: [toNamespace('loki', 3100)] },
  },
}
const folderOf = (name: string): string => join(root, 'k8s', name === 'production-without-kafka' ? 'examples' : 'overlays', name)

/** Components that no overlay has, on top of `main`, and the values for them. */
const COMPONENTS = ['credentials', 'mutual-tls', 'kafka-credentials', 'journal', 'discovery-extra', 'load-balancer', 'ingress']
const OF_COMPONENTS: Values = {
  credentials: { enabled: true },
  mutualTls: { enabled: true },
  kafka: { credentials: { enabled: true } },
  logAgent: { journal: true },
  agent: { furtherRights: true },
  gateway: { service: { type: 'LoadBalancer' } },
  logGateway: { service: { type: 'LoadBalancer' } },
  ingress: { enabled: true },
}

/** The same with every boolean as it is not by default: what is a feature is on; then what is a component is off, too. */
const FLIPPED = { features: flipped(true), nothing: flipped(false) }

/** What the page gives as examples. */
const OF_PAGE: Readonly<Record<string, Values>> = Object.fromEntries(
  blocksOf('docs/helm.md', 'yaml').map((block, index) => [`example-${index + 1}-of-the-page`, parse(block)]),
)

/** What from-promtail makes of a configuration of Promtail: lines to Loki, or by gateways. */
const PROMTAIL = `clients: [{ url: 'https://loki.example:3100/loki/api/v1/push', tenant_id: shop, basic_auth: { username: promtail, password: SECRET }, batchwait: 2s, external_labels: { cluster: b, env: prod } }]
positions: { filename: /run/promtail/positions.yaml }
scrape_configs:
  - job_name: pods # by the API server
    kubernetes_sd_configs: [{ role: pod }]
    relabel_configs: [{ source_labels: [__meta_kubernetes_pod_uid], replacement: '/var/log/pods/*$1/*/*.log', target_label: __path__ }]
  - { job_name: journal, journal: { labels: { job: journal } } }
`
const PROMTAIL_CONFIG = { path: 'promtail.yml', text: PROMTAIL }
const valuesFor = (...gatewayHosts: readonly string[]): Values =>
  parse(helmValues({ config: PROMTAIL_CONFIG, cluster: '', gatewayHosts }).text)
const FROM_PROMTAIL = { 'promtail-to-loki': valuesFor(), 'promtail-by-gateways': valuesFor('192.0.2.10', '192.0.2.11') }

/** Those that differ from the overlays in what they tell our services; the overlays' are looked at in manifests.test.ts. */
const CHECKED = { components: OF_COMPONENTS, features: FLIPPED.features, ...ACCEPTED, ...OF_PAGE }

describeWithEngines(['kubernetes', 'helm', 'kustomize'], 'the Helm chart', () => {
  let rendered: Variants
  const kustomized = new Map<string, string>()

  beforeAll(async () => {
    const changed = { file: 'templates/gateways.yaml', from: 'port: 15611', to: 'port: 15612' }
    const [variants] = await Promise.all([
      renderVariants({ ...OVERLAYS, components: OF_COMPONENTS, ...FLIPPED, ...ACCEPTED, ...OF_PAGE, ...FROM_PROMTAIL }, changed),
      kustomizeAll(kustomized),
    ])
    rendered = variants
  })

  test('what is right is rendered', () => {
    expect(rendered.outcome).toMatchObject({ status: 0, errors: '' })
    expect(new Set([...(rendered.objects.get('features')?.values() ?? [])].map(({ kind }) => kind)).size).toBeGreaterThan(13)
    expect([...(rendered.objects.get('nothing')?.keys() ?? [])]).toEqual(
      ['default-deny', 'clymene-look'].map((name) => `NetworkPolicy clymene ${name}`),
    )
  })

  test.each([...Object.keys(OVERLAYS), 'components'])('it renders the objects of the kustomization %s', (name) => {
    const expected = objectsOf(kustomized.get(name) ?? '')
    expect(expected.size).toBeGreaterThan(20)
    expect(differences(expected, rendered.objects.get(name) ?? new Map())).toEqual([])
  })

  test('a port that was changed in a template is found', () => {
    expect(differences(objectsOf(kustomized.get('main') ?? ''), rendered.objects.get('changed') ?? new Map())).toEqual([
      'Service clymene clymene-gateway.spec.ports.http.port: 15611 expected, not 15612',
      'Service clymene promtail-gateway.spec.ports.http.port: 15611 expected, not 15612',
    ])
  })

  test.each(Object.keys(OVERLAYS))('kustomize and the one in kubectl make the same of %s', (name) => {
    expect(kustomized.get(`kustomize ${name}`)).toBe(kustomized.get(name))
  })

  test('a variable that another one names stands before it', () => {
    const wrong = [...rendered.objects].flatMap(([variant, objects]) =>
      [...objects.values()].flatMap((object) => unresolved(object).map((name) => `${variant}: ${object.metadata.name}: ${name}`)),
    )
    expect(wrong).toEqual([])
  })

  test.each(Object.keys(CHECKED))('our services take what %s tells them', async (name) => {
    const manifests = [...(rendered.objects.get(name)?.values() ?? [])].map((object): Manifest => ({
      file: name,
      object: asObject(object),
    }))
    const folder = mkdtempSync(join(tmpdir(), 'clymene-helm-configured-'))
    try {
      expect(manifests.length).toBeGreaterThan(20)
      expect(await configurationMistakes(manifests, folder)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test.each(['promtail-to-loki', 'promtail-by-gateways'])('%s: a log agent with the flags and the jobs of from-promtail', async (name) => {
    const objects = rendered.objects.get(name) ?? new Map<string, Rendered>()
    const { args = [], env = [] } = containerOf(objects.get('DaemonSet clymene clymene-promtail'))
    const isByGateway = name === 'promtail-by-gateways'
    const OF_THE_CHART = ['config.file', 'buffer.dir', 'storage-type']
    const isFor = (flag: string): boolean => !OF_THE_CHART.includes(flag) && !(isByGateway && flag.startsWith('loki.'))
    const flags = fromPromtail({ config: PROMTAIL_CONFIG }).flags.filter(([flag]) => isFor(flag))
    expect(flags.length).toBeGreaterThan(2)
    expect(args).toEqual(expect.arrayContaining(flags.map(([flag, value]) => `--${flag}=${value}`)))
    expect(args.includes('--loki.client.password-file=/etc/clymene-credentials/loki-password')).toBe(!isByGateway)
    const gateways = '--gateway.grpc-client.host-port=192.0.2.10:30611,192.0.2.11:30611'
    expect(args.includes(gateways)).toBe(isByGateway)
    expect(env).toContainEqual({ name: 'STORAGE_TYPE', value: isByGateway ? 'gateway' : 'loki' })
    expect(objects.get('ConfigMap clymene promtail-config')?.data?.['promtail.yaml']?.trim()).toBe(PROMTAIL.replace(/.*\n/, '').trim())
    expect([...objects.values()].map(({ kind }) => kind).filter((kind) => /^(Deployment|DaemonSet)$/.test(kind))).toEqual(['DaemonSet'])
    const manifests = [...objects.values()].map((object): Manifest => ({ file: name, object: asObject(object) }))
    const folder = mkdtempSync(join(tmpdir(), 'clymene-helm-promtail-'))
    try {
      expect(await configurationMistakes(manifests, folder)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test.each([
    ['jobs-of-its-own', 'ConfigMap clymene clymene-agent-config', 'clymene.yml', 'shop', 'clymene-cluster'],
    ['the-journal-and-jobs-of-its-own', 'ConfigMap clymene promtail-config', 'promtail.yaml', 'a', 'clymene-cluster'],
    ['a-cluster-that-looks-like-a-number', 'ConfigMap clymene promtail-config', 'promtail.yaml', 'kubernetes-pods', '123'],
  ])('with %s, in %s the last rule of the job sets the cluster', (variant, id, file, job, cluster) => {
    const data = rendered.objects.get(variant)?.get(id)?.data ?? {}
    const { scrape_configs: jobs } = parse(data[file] ?? '')
    const rules = jobs.find(({ job_name: name }: { job_name: string }) => name === job).relabel_configs
    expect(rules.at(-1)).toEqual({ target_label: 'cluster', replacement: cluster })
  })

  test.each<[values: string, jobs: Record<string, unknown>]>([
    [
      'exporters-of-somebody-else',
      {
        'node-exporter': [
          {
            role: 'pod',
            namespaces: { names: ['monitoring'] },
            selectors: [{ role: 'pod', label: 'app.kubernetes.io/name=prometheus-node-exporter,a=b' }],
          },
        ],
        'kube-state-metrics': ['kube-state-metrics.monitoring.svc:8080'],
      },
    ],
    ['no-exporters-but-a-job-of-that-name', { 'node-exporter': ['10.0.0.1:9100'], 'kube-state-metrics': undefined }],
  ])('with %s the jobs are for those', (variant, expected) => {
    const { scrape_configs: jobs } = parse(
      rendered.objects.get(variant)?.get('ConfigMap clymene clymene-agent-config')?.data?.['clymene.yml'] ?? '',
    )
    type Job = { readonly job_name: string; readonly kubernetes_sd_configs?: unknown; readonly static_configs?: { targets: unknown }[] }
    const found = Object.fromEntries(
      jobs.map(({ job_name: name, kubernetes_sd_configs: discovered, static_configs: fixed }: Job) => [
        name,
        fixed?.[0]?.targets ?? discovered,
      ]),
    )
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, found[name]]))).toEqual(expected)
    expect(Object.keys(found)).toContain('kubernetes-apiservers')
  })

  test.each([
    'agent.extraScrapeConfigs[0].job_name=node-exporter',
    'logAgent.journal=true,logAgent.extraScrapeConfigs[0].job_name=journal',
  ])('a job twice is refused: %s', async (set) => {
    const { status, errors } = await outcomeOf(helmProgram, ['template', 'clymene', CHART, '--set', set])
    const [, name = '', job = ''] = /(\w+)\.extraScrapeConfigs.*=(\S+)$/.exec(set) ?? []
    expect({ status, errors }).toEqual({
      status: 1,
      errors: expect.stringContaining(`${name}.extraScrapeConfigs: there is a job ${job} already`),
    })
  })

  test('who installs log agents alone is told where these say what they wait for', async () => {
    const values = 'role=target,cluster=b,target.gatewayHosts={192.0.2.10},agent.enabled=false,events.enabled=false'
    const { output } = await outcomeOf(helmProgram, ['install', 'clymene', CHART, '--dry-run=client', '--set', values])
    expect(output).toContain('it says itself what it waits for:\n  kubectl --namespace clymene logs daemonset/clymene-promtail --tail=20\n')
  })

  test('helm lint --strict has nothing to say', async () => {
    const { status, output } = await outcomeOf(helmProgram, ['lint', '--strict', CHART])
    expect({ status, said: output.match(/^\[.*$/gm) }).toEqual({ status: 0, said: null })
  })

  describe('what values may be', () => {
    let told = ''
    beforeAll(async () => {
      const { outcome } = await renderVariants(Object.fromEntries(REFUSED.map(({ name, values }) => [name, values])))
      told = outcome.errors
    })

    test.each(REFUSED)('$name is refused, by its path', ({ name, told: expected }) => {
      expect(toldOf(told, name)).toEqual(expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))))
    })

    test('no other is refused', () => {
      expect(told.match(/^[a-z-]+:$/gm)?.toSorted()).toEqual(REFUSED.map(({ name }) => `${name}:`).toSorted())
    })

    test.each(Object.keys(ACCEPTED))('%s is taken', (name) => {
      expect(rendered.objects.get(name)?.size ?? 0).toBeGreaterThan(20)
    })
  })
})

/** What kubectl and kustomize make of the overlays, by `name` and `kustomize name`, and of the components. */
async function kustomizeAll(texts: Map<string, string>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-kustomize-'))
  try {
    const from = (path: string): string => relative(folder, join(root, 'k8s', path))
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      JSON.stringify({ resources: [from('overlays/main')], components: COMPONENTS.map((name) => from(`components/${name}`)) }),
    )
    const overlays = Object.keys(OVERLAYS)
    const byKubectl = [...overlays.map((name) => [name, folderOf(name)] as const), ['components', folder] as const]
    const kubectl = async (): Promise<void> => {
      for (const [name, path] of byKubectl) texts.set(name, await runCommand(kubernetesProgram('kubectl'), ['kustomize', path]))
    }
    const kustomize = async (): Promise<void> => {
      for (const name of overlays) texts.set(`kustomize ${name}`, await runCommand(kustomizeProgram, ['build', folderOf(name)]))
    }
    await Promise.all([kubectl(), kustomize()])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Mistakes that Helm tells of one variant, sorted. */
function toldOf(errors: string, name: string): readonly string[] {
  const section = errors.split(/^(?=[a-z-]+:$)/m).find((text) => text.startsWith(`${name}:\n`)) ?? ''
  const lines = [...section.matchAll(/^ *- (at .*)$/gm)].map(([, line]) => line ?? '')
  return lines.filter((line) => !line.endsWith("'allOf' failed")).toSorted()
}

/** The values with every boolean as it is not; components stay on when asked for. */
function flipped(componentsStay: boolean): Values {
  const flip = (value: unknown, key: string, isComponent: boolean): unknown => {
    if (typeof value === 'boolean') return key === 'enabled' && isComponent && componentsStay ? value : !value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, flip(inner, name, 'resources' in value)]))
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object stays one
  return flip(parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')), '', false) as Values
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- they are compared with those of kustomize, field by field
const asObject = (object: Rendered): KubernetesObject => object as unknown as KubernetesObject

type Variables = { readonly name: string; readonly value?: string }[]

/** Variables that name one which does not stand before them. */
function unresolved(object: Rendered): readonly string[] {
  return containersOf(object).flatMap(({ env = [] }) =>
    env.flatMap(({ name, value = '' }, index) =>
      [...value.matchAll(/\$\((\w+)\)/g)].some(([, other]) => !env.slice(0, index).some((one) => one.name === other)) ? [name] : [],
    ),
  )
}

type Container = { readonly args?: readonly string[]; readonly env?: Variables }

function containersOf(object: Rendered | undefined): readonly Container[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what has a pod has these
  const { spec } = (object ?? {}) as { spec?: { template?: { spec?: { containers?: readonly Container[] } } } }
  return spec?.template?.spec?.containers ?? []
}

const containerOf = (object: Rendered | undefined): Container => containersOf(object)[0] ?? {}
