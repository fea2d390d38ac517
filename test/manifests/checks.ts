import { parse } from 'yaml'

import type { Files, Manifest } from './manifest-files.ts'
import type { Probe } from './objects.ts'
import { leastRights, placed, podSecurity, secretsClosed } from './pod-checks.ts'
import { type Check, containers, containersOf, idOf, isOurs, ofKind, pods } from './pods.ts'

/** What every file has to keep to, by what it is called in the test's table. */
export const CHECKS: Readonly<Record<string, Check>> = {
  'no object is created twice': createdOnce,
  'namespaces are made by 0.namespaces.yaml alone, and each that is used is made or comes with Kubernetes': namespaces,
  'containers run with the fewest rights': leastRights,
  'Pod Security lets every pod into its namespace, and no more than that': podSecurity,
  'what a Secret holds is for its readers alone': secretsClosed,
  'pods run where they can': placed,
  'every container is probed, ours by their admin port': probed,
  'every container has requests and limits': limited,
  'images have a pinned tag, ours the version of package.json': pinned,
  'a Service finds pods and their ports': served,
  'accounts, roles and ConfigMaps that are named are there': named,
  'the buffer has room in its volume': roomForBuffer,
  'what has a job of its own is not annotated too': scrapedOnce,
  'one line has the name of the cluster, and the last rule of each job sets it': oneCluster,
  'the name of the cluster alone is in double quotes, by which components/cluster-name finds it': quotedCluster,
}

function createdOnce(manifests: readonly Manifest[]): readonly string[] {
  const ids = manifests.map(idOf)
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is created twice`)
}

function namespaces(manifests: readonly Manifest[]): readonly string[] {
  const made = ofKind(manifests, 'Namespace')
  const known = new Set(['kube-system', ...made.map(({ object }) => object.metadata.name)])
  return [
    ...made.filter(({ file }) => !file.endsWith('/0.namespaces.yaml')).map((one) => `${one.file}: ${idOf(one)}`),
    ...manifests.flatMap(({ file, object: { metadata } }) =>
      metadata.namespace === undefined || known.has(metadata.namespace) ? [] : [`${file}: the namespace ${metadata.namespace} is not made`],
    ),
  ]
}

const portOf = (probe: Probe | undefined): string | number | undefined => probe?.httpGet?.port ?? probe?.tcpSocket?.port

function probed(manifests: readonly Manifest[]): readonly string[] {
  return containers(manifests).flatMap(({ pod: { name, template }, container }) => {
    // What ends before the others start is not asked.
    if (template.spec.initContainers?.includes(container) === true && container.restartPolicy !== 'Always') return []
    const { startupProbe, livenessProbe, readinessProbe, ports = [] } = container
    const open = new Set<string | number | undefined>(ports.map((port) => port.name))
    const expected = isOurs(container)
      ? [[startupProbe, '/livez'] as const, [livenessProbe, '/livez'] as const, [readinessProbe, '/readyz'] as const]
      : []
    return [
      ...[livenessProbe, readinessProbe]
        .filter((probe) => !open.has(portOf(probe)))
        .map(() => `${name}: a probe is missing or asks no port`),
      ...expected
        .filter(([probe, path]) => probe?.httpGet?.path !== path || probe.httpGet.port !== 'admin')
        .map(([, path]) => `${name}: no probe of ${path} on the admin port`),
    ]
  })
}

function limited(manifests: readonly Manifest[]): readonly string[] {
  return containers(manifests).flatMap(({ pod: { name }, container: { resources } }) =>
    ['cpu', 'memory'].flatMap((resource) => {
      const [request, limit] = [quantity(resources?.requests?.[resource]), quantity(resources?.limits?.[resource])]
      return request > 0 && request <= limit ? [] : [`${name}: ${resource} of ${request} requested, limit ${limit}`]
    }),
  )
}

const UNITS: Readonly<Record<string, number>> = { '': 1, m: 1e-3, Mi: 2 ** 20, Gi: 2 ** 30, MiB: 2 ** 20, GiB: 2 ** 30 }

/** `100m`, `512Mi`; of our own flags also `512MiB`. Not a number when it is none. */
export function quantity(text: string | undefined): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text ?? '') ?? []
  return Number(digits) * (UNITS[unit ?? '?'] ?? Number.NaN)
}

function pinned(manifests: readonly Manifest[], files: Files): readonly string[] {
  const version = files.get('package.json')
  return containers(manifests).flatMap(({ pod: { name }, container }) => {
    const tag = /:([^:/@]+)$/.exec(container.image)?.[1]
    if (isOurs(container)) return tag === version ? [] : [`${name}: ${container.image}, expected the tag ${version}`]
    return tag !== undefined && /^v?\d+\.\d+\.\d+$/.test(tag) ? [] : [`${name}: ${container.image} is not pinned`]
  })
}

function served(manifests: readonly Manifest[]): readonly string[] {
  return ofKind(manifests, 'Service').flatMap((service) => {
    const { metadata, spec } = service.object
    const found = pods(manifests).find(
      ({ manifest, template }) =>
        manifest.object.metadata.namespace === metadata.namespace &&
        Object.entries(spec?.selector ?? {}).every(([label, value]) => template.metadata.labels[label] === value),
    )
    if (found === undefined) return [`${idOf(service)} selects no pod`]
    const names = new Set<string | number>(found.template.spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name)))
    return (spec?.ports ?? [])
      .filter(({ targetPort }) => !names.has(targetPort))
      .map(({ name }) => `${idOf(service)}: ${name} is no port of its pods`)
  })
}

function named(manifests: readonly Manifest[]): readonly string[] {
  const ids = new Set(manifests.map(idOf))
  const missing = (file: string, id: string): readonly string[] => (ids.has(id) ? [] : [`${file}: there is no ${id}`])
  return [
    ...manifests.flatMap(({ file, object: { metadata, roleRef, subjects = [] } }) => [
      ...(roleRef === undefined || FROM_KUBERNETES.has(roleRef.name)
        ? []
        : missing(file, `${roleRef.kind} ${roleRef.kind === 'Role' ? metadata.namespace : ''} ${roleRef.name}`)),
      ...subjects.flatMap(({ kind, namespace, name }) => missing(file, `${kind} ${namespace} ${name}`)),
    ]),
    ...pods(manifests).flatMap(({ manifest: { file, object }, template }) => {
      const { namespace = '' } = object.metadata
      const { spec } = template
      const claimed = (object.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name)
      const mounted = new Set([...claimed, ...(spec.volumes ?? []).map(({ name }) => name)])
      return [
        ...(spec.serviceAccountName === undefined ? [] : missing(file, `ServiceAccount ${namespace} ${spec.serviceAccountName}`)),
        ...(spec.volumes ?? []).flatMap(({ configMap }) =>
          configMap === undefined || configMap.optional === true ? [] : missing(file, `ConfigMap ${namespace} ${configMap.name}`),
        ),
        ...containersOf(template).flatMap(({ volumeMounts = [] }) =>
          volumeMounts.filter(({ name }) => !mounted.has(name)).map(({ name }) => `${file}: there is no volume ${name}`),
        ),
      ]
    }),
  ]
}

const FROM_KUBERNETES = new Set(['system:auth-delegator', 'extension-apiserver-authentication-reader'])

function roomForBuffer(manifests: readonly Manifest[]): readonly string[] {
  return containers(manifests).flatMap(({ pod: { name, template }, container }) => {
    const env = new Map(container.env?.map((one) => [one.name, one.value]))
    const directory = env.get('BUFFER_DIR')
    if (directory === undefined) return container.image.includes('clymene-agent') ? [`${name}: no BUFFER_DIR`] : []
    const mount = container.volumeMounts?.find(({ mountPath }) => directory.startsWith(`${mountPath}/`))
    const volume = template.spec.volumes?.find((one) => one.name === mount?.name)
    if (volume?.hostPath !== undefined && mount?.readOnly !== true) return []
    const claim = volume?.persistentVolumeClaim?.claimName
    const claimed = ofKind(manifests, 'PersistentVolumeClaim').find(({ object }) => object.metadata.name === claim)
    const size = quantity(claim === undefined ? volume?.emptyDir?.sizeLimit : claimed?.object.spec?.resources?.requests?.['storage'])
    return size > quantity(env.get('BUFFER_MAX_BYTES')) ? [] : [`${name}: the buffer does not fit into its volume`]
  })
}

const HAS_A_JOB = /^(?:node-exporter|kube-state-metrics)$/

function scrapedOnce(manifests: readonly Manifest[]): readonly string[] {
  return manifests.flatMap((manifest) => {
    const { metadata, spec } = manifest.object
    if (!HAS_A_JOB.test(metadata.name)) return []
    const annotations = { ...metadata.annotations, ...spec?.template?.metadata.annotations }
    return annotations['prometheus.io/scrape'] === undefined ? [] : [`${idOf(manifest)} is annotated and has a job`]
  })
}

type Job = {
  readonly job_name: string
  readonly relabel_configs?: readonly Readonly<Record<string, unknown>>[]
  readonly pipeline_stages?: unknown
  readonly static_configs?: readonly { readonly labels?: Readonly<Record<string, string>> }[]
}

/** The scrape jobs of a ConfigMap of ours. */
export function jobsOf({ object: { data = {} } }: Manifest): readonly Job[] {
  return Object.entries(data).flatMap(([key, text]) => {
    if (!/^(?:clymene\.yml|promtail\.yaml)$/.test(key)) return []
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `validate` checks the shape, with the very reader of the agent
    return (parse(text, { merge: true }) as { readonly scrape_configs: readonly Job[] }).scrape_configs
  })
}

function oneCluster(manifests: readonly Manifest[], files: Files): readonly string[] {
  return ofKind(manifests, 'ConfigMap').flatMap((manifest) => {
    const { file } = manifest
    const jobs = jobsOf(manifest)
    if (jobs.length === 0) return []
    const last = jobs.map(({ job_name: job, relabel_configs: rules = [] }) => ({ job, rule: rules.at(-1) }))
    const clusters = new Set(last.map(({ rule }) => String(rule?.['replacement'])))
    const lines = (files.get(file) ?? '').split('\n').filter((line) => /^\s*(?!#).*\btarget_label: cluster\b/.test(line))
    return [
      ...last
        .filter(({ rule }) => rule?.['target_label'] !== 'cluster')
        .map(({ job }) => `${file}: the last rule of ${job} does not set cluster`),
      ...(clusters.size === 1 ? [] : [`${file}: several clusters: ${[...clusters].join(', ')}`]),
      ...(lines.length === 1 ? [] : [`${file}: cluster is set in ${lines.length} places`]),
    ]
  })
}

const NAMED = /^(?:clymene-agent-config|promtail-config)$/

function quotedCluster(manifests: readonly Manifest[]): readonly string[] {
  return ofKind(manifests, 'ConfigMap').flatMap((manifest) => {
    const { metadata, data = {} } = manifest.object
    if (!NAMED.test(metadata.name)) return []
    const text = Object.values(data).join('')
    const quotes = text.split('"').length - 1
    if (quotes % 2 !== 0) return [`${idOf(manifest)}: ${quotes} double quotes`]
    const quoted = text.split('"').filter((_, index) => index % 2 === 1)
    const [name] = jobsOf(manifest).map(({ relabel_configs: rules = [] }) => rules.at(-1)?.['replacement'])
    if (quoted.length === 1 && quoted[0] === name) return []
    return [`${idOf(manifest)}: in double quotes: ${quoted.join(', ') || 'nothing'}; the name of the cluster alone was expected`]
  })
}
