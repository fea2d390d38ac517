import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { customResources } from '../engines/custom-resources.ts'
import { helmProgram } from '../engines/helm.ts'
import { type CommandOutcome, describeWithEngines, type Kubernetes, startKubernetes, whyUnavailable } from '../engines/index.ts'
import { outcomeOf } from '../engines/kubernetes-command.ts'
import { kubernetesProgram } from '../engines/kubernetes-programs.ts'
import { describeReleases } from '../helm/releases.ts'
import { CHECKS } from '../manifests/checks.ts'
import { configurationMistakes } from '../manifests/configured.ts'
import { kustomizations } from '../manifests/kustomizations.ts'
import { type Manifest, manifestFiles, root } from '../manifests/manifest-files.ts'
import { describeNamedClusters } from '../manifests/named-clusters.ts'
import { type Pod, pods } from '../manifests/pods.ts'
import { type Documents, documentsOf, manifestsOf } from '../manifests/rendered.ts'
import { BEYOND_RESTRICTED, beyondRestricted } from '../manifests/restricted.ts'
import { selecting } from '../manifests/selector-checks.ts'

/** Client-side `kubectl apply` keeps a copy of the object in an annotation, and all annotations together may have so much. */
const ANNOTATION_BYTES = 256 * 1024
const CHART = 'k8s/helm/clymene'
const PROMETHEUS_RULE = 'grafana/rules/operator/clymene.prometheus-rule.yaml'
/** What a release for an observed cluster has to say. */
const TARGET = 'cluster=cluster-b,target.gatewayHosts={192.0.2.10}'
const OF_ALL = Object.keys(CHECKS).filter((check) => !/^(?:namespaces are made|one line has)/.test(check))
const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
const APPLIED = kustomizations().flatMap(({ folder }) => (/^k8s\/(?:overlays|examples)\/|^k8s\/lab$/.test(folder) ? [folder] : []))
const WARN = 'pod-security.kubernetes.io/warn=restricted'

describeWithEngines(['kubernetes', 'custom-resources'], 'manifests, overlays, examples and the chart before a real API server', () => {
  let kubernetes: Kubernetes
  let folder = ''
  let documents: Documents = new Map()
  let manifests: readonly Manifest[] = []
  /** The documents' texts, in the order of the manifests. */
  let order: readonly string[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'clymene-manifests-'))
    // Nobody makes service accounts here; pods of namespaces without one would be refused for that.
    const [started, rendered] = await Promise.all([startKubernetes({ args: ['--disable-admission-plugins=ServiceAccount'] }), renderAll()])
    kubernetes = started
    const files = [...manifestFiles(), PROMETHEUS_RULE].map((file) => [file, readFileSync(join(root, file), 'utf8')] as const)
    documents = documentsOf(new Map([...files, ...rendered]))
    manifests = manifestsOf(documents)
    order = [...documents.keys()]
    // A dry run makes no namespace, and what is in one needs it.
    await kubernetes.kubectl(['create', ...customResources.flatMap((file) => ['-f', file]), '-f', 'k8s/0.namespaces.yaml'], inRoot)
    await Promise.all([
      kubernetes.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']),
      kubernetes.kubectl(['apply', '--server-side', '--force-conflicts', '-f', write('namespaces', [...namespaceDocuments().values()])]),
    ])
    await kubernetes.kubectl(['label', 'namespaces', '--all', '--overwrite', WARN])
  })
  afterAll(async () => {
    await kubernetes?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const inRoot = { directory: root }

  /** A folder of files, one a document. */
  const write = (name: string, texts: readonly string[]): string => {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true })
    for (const [index, text] of texts.entries()) writeFileSync(join(path, `${String(index).padStart(4, '0')}.yaml`), text)
    return path
  }

  const namespaceDocuments = (): ReadonlyMap<string, string> => {
    const found = manifests.flatMap(({ object: { kind, metadata } }, index) =>
      kind === 'Namespace' ? [[metadata.name, order[index] ?? ''] as const] : [],
    )
    return new Map(found)
  }

  const dryRun = (path: string): Promise<CommandOutcome> =>
    kubernetes.tryKubectl(['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-f', path])

  test('all of them are looked at', () => {
    const names = [...rendering.keys()]
    for (const one of ['overlays/main', 'overlays/production', 'examples/mutual-tls/main', 'lab', 'storage/grafana'])
      expect(names).toContain(`k8s/${one}`)
    if (whyUnavailable('helm') === undefined) expect(names.filter((name) => name.startsWith(CHART)).length).toBeGreaterThan(2)
  })

  test('the API server takes all of them, and warns of the two that cannot meet `restricted` alone', async () => {
    const { status, output, errors } = await dryRun(write('all', [...documents.keys()]))
    expect({ status, errors: withoutWarnings(errors) }).toEqual({ status: 0, errors: '' })
    expect(output.trimEnd().split('\n')).toHaveLength(documents.size)
    expect(warnedContainers(errors)).toEqual(['node-exporter', 'promtail-container'])
  })

  test('each file of the guide is created as it stands', async () => {
    const files = manifestFiles().filter((file) => !file.endsWith('0.namespaces.yaml'))
    const { status, errors } = await kubernetes.tryKubectl(['create', '--dry-run=server', ...files.flatMap((file) => ['-f', file])], inRoot)
    expect({ status, errors: withoutWarnings(errors) }).toEqual({ status: 0, errors: '' })
  })

  test('no object is too large for `kubectl apply` without --server-side', () => {
    const large = manifests.filter(({ object }) => Buffer.byteLength(JSON.stringify(object)) > ANNOTATION_BYTES * 0.95)
    expect(large.map(({ file, object: { metadata } }) => `${file}: ${metadata.name}`)).toEqual([])
  })

  describe.each(APPLIED)('%s', (name) => {
    const objects = (): readonly Manifest[] => {
      const texts = documentsOf(new Map([[name, rendering.get(name) ?? '']]))
      return manifests.filter((_, index) => texts.has(order[index] ?? ''))
    }

    test('keeps to what the files keep to', () => {
      const files = new Map([['package.json', version]])
      expect(objects().length).toBeGreaterThan(20)
      expect(OF_ALL.flatMap((check) => CHECKS[check]?.(objects(), files) ?? [`no check ${check}`])).toEqual([])
    })

    test('budgets, autoscalers, network policies and spreads are for somebody', () => {
      expect(selecting(objects())).toEqual([])
    })

    test('our services take what they are told', async () => {
      expect(await configurationMistakes(objects(), join(folder, 'configured', name))).toEqual([])
    })
  })

  describeNamedClusters(rendering)

  describe('Pod Security', () => {
    test('every pod keeps to the rules of `restricted`, but for the two that cannot', () => {
      const beyond = new Set(
        pods(manifests)
          .filter((pod) => beyondRestricted(pod).length > 0)
          .map(({ name }) => name),
      )
      expect([...beyond].toSorted()).toEqual(BEYOND_RESTRICTED)
    })

    test('where `restricted` is enforced the API server lets the same pods in', async () => {
      const namespace = { metadata: { name: 'enforced', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } }
      await kubernetes.kubectl(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', ...namespace }) })
      const { errors, output } = await kubernetes.tryKubectl(['create', '--dry-run=server', '-f', '-'], { input: podsOf(pods(manifests)) })
      const refused = [...errors.matchAll(/pods "([^"]+)" is forbidden: violates PodSecurity/g)].map(([, name]) => name ?? '')
      expect(errors.trimEnd().split('\n')).toHaveLength(refused.length)
      expect([...new Set(refused.map((name) => name.replace(/-\d+$/, '')))].toSorted()).toEqual(['clymene-promtail', 'node-exporter'])
      expect(output).toMatch(/pod\/clymene-gateway-\d+ created/)
    })
  })

  test.each<[what: string, from: string, to: string, told: RegExp]>([
    ['a field that Kubernetes does not know', 'terminationGracePeriodSeconds:', 'terminationGraceSeconds:', /terminationGraceSeconds/],
    [
      'more rights than `restricted` has',
      'allowPrivilegeEscalation: false',
      'allowPrivilegeEscalation: true',
      /Warning: would violate PodSecurity.*gateway/,
    ],
    [
      'a selector that is not that of the template',
      '      app: clymene-gateway\n  template',
      '      app: gateway\n  template',
      /`selector` does not match/,
    ],
  ])('%s is found', async (what, from, to, told) => {
    const text = [...documentsOf(rendering).keys()].find(isGateway) ?? ''
    expect(text).toContain(from)
    const { status, errors } = await dryRun(write(what, [text.replace(from, to)]))
    expect({ status, errors }).toEqual({ status: what.startsWith('more') ? 0 : 1, errors: expect.stringMatching(told) })
  })

  // Last, as it really makes objects.
  if (whyUnavailable('helm') === undefined) describeReleases(() => kubernetes)
})

const isGateway = (document: string): boolean => /^kind: Deployment$/m.test(document) && /^ {2}name: clymene-gateway$/m.test(document)

const rendering = new Map<string, string>()

/** What everything under k8s/ and grafana/ that is no component makes, and the chart in both of its roles and by its examples. */
async function renderAll(): Promise<ReadonlyMap<string, string>> {
  const waiting = kustomizations().flatMap(({ folder, isComponent }) =>
    isComponent ? [] : [{ name: folder, program: kubernetesProgram('kubectl'), args: ['kustomize', folder] }],
  )
  const values = [
    [],
    ['--set', `role=target,${TARGET}`],
    ...globSync(`${CHART}/examples/*.yaml`, { cwd: root }).map((file) => [
      '--values',
      file,
      ...(file.includes('target') ? ['--set', TARGET] : []),
    ]),
  ]
  const charts = values.map((more) => ({
    name: [CHART, ...more].join(' '),
    program: helmProgram,
    args: ['template', 'clymene', CHART, ...more],
  }))
  if (whyUnavailable('helm') === undefined) waiting.push(...charts)
  const work = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const { status, output, errors } = await outcomeOf(one.program, one.args, { directory: root })
      if (status !== 0 || errors !== '') throw new Error(`${one.name} cannot be rendered: ${errors}`)
      rendering.set(one.name, output)
    }
  }
  await Promise.all([work(), work()])
  return new Map([...rendering].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const withoutWarnings = (errors: string): string => errors.replaceAll(/^Warning: would violate PodSecurity.*\n/gm, '')

/** Containers that are named first in what Pod Security warns of. */
function warnedContainers(errors: string): readonly string[] {
  const lines = errors.split('\n').filter((line) => line.startsWith('Warning: would violate PodSecurity'))
  return [...new Set(lines.flatMap((line) => [...line.matchAll(/containers? "([^"]+)"/g)].map(([, name]) => name ?? '')))].toSorted()
}

/** One of each different pod, in the namespace `enforced`. */
function podsOf(all: readonly Pod[]): string {
  const specs = new Map(all.map(({ manifest: { object }, template: { spec } }) => [JSON.stringify(spec), { object, spec }]))
  const items = [...specs.values()].map(({ object, spec }, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${object.metadata.name}-${index}`, namespace: 'enforced' },
    spec: {
      ...spec,
      volumes: [
        ...(spec.volumes ?? []),
        ...(object.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => ({ name: metadata.name, emptyDir: {} })),
      ],
    },
  }))
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}
