import type { Manifest } from './manifest-files.ts'
import { containers, ofKind, type Pod, pods } from './pods.ts'

/** Who may be what others may not, and why. */
const ROOT = new Set(['DaemonSet clymene-promtail' /* the files under /var/log are root's */])
const ON_HOST = new Set(['DaemonSet node-exporter' /* it measures the node */])

export function leastRights(manifests: readonly Manifest[]): readonly string[] {
  return [
    ...pods(manifests).flatMap(({ name, template: { spec } }) => {
      const { runAsNonRoot, runAsUser, seccompProfile } = spec.securityContext ?? {}
      const isRoot = ROOT.has(name)
      return [
        isRoot || (runAsNonRoot === true && (runAsUser ?? 0) >= 1000) ? '' : `${name} may run as root`,
        isRoot && runAsUser !== 0 ? `${name} cannot read logs as uid ${runAsUser}` : '',
        seccompProfile?.type === 'RuntimeDefault' ? '' : `${name} has no seccomp profile`,
        ON_HOST.has(name) || (spec.hostNetwork !== true && spec.hostPID !== true) ? '' : `${name} is in the node's namespaces`,
        spec.serviceAccountName !== undefined || spec.automountServiceAccountToken === false
          ? ''
          : `${name} gets a token it has no use for`,
        spec.enableServiceLinks === false ? '' : `${name} gets variables of every Service, and our flags are variables`,
      ]
    }),
    ...containers(manifests).flatMap(({ pod: { name }, container: { securityContext } }) => [
      securityContext?.allowPrivilegeEscalation === false ? '' : `${name} may get more rights`,
      securityContext?.readOnlyRootFilesystem === true ? '' : `${name} may write to its root`,
      securityContext?.capabilities?.drop?.join() === 'ALL' ? '' : `${name} keeps capabilities`,
      securityContext?.capabilities?.add === undefined ? '' : `${name} is given capabilities`,
    ]),
    ...pods(manifests).flatMap(({ name, template: { spec } }) =>
      (spec.volumes ?? [])
        .filter(({ hostPath }) => hostPath !== undefined && hostPath.path !== '/var/lib/clymene-promtail')
        .flatMap((volume) => spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts.filter((mount) => mount.name === volume.name)))
        .map(({ mountPath, readOnly }) => (readOnly === true ? '' : `${name} may write to the node's ${mountPath}`)),
    ),
  ].filter((mistake) => mistake !== '')
}

/** What Pod Security asks of a namespace for a pod of ours: with the checks above either all of `restricted`, or nothing. */
const levelFor = ({ template: { spec } }: Pod): string =>
  spec.hostNetwork === true || spec.volumes?.some(({ hostPath }) => hostPath !== undefined) === true ? 'privileged' : 'restricted'

/** Nothing less than `restricted` is asked for; where pods cannot meet it, whoever could and does not is told. */
export function podSecurity(manifests: readonly Manifest[]): readonly string[] {
  return ofKind(manifests, 'Namespace').flatMap(({ file, object: { metadata } }) => {
    const inside = pods(manifests).filter(({ manifest }) => manifest.object.metadata.namespace === metadata.name)
    const isPrivileged = inside.some((pod) => levelFor(pod) === 'privileged')
    const expected = isPrivileged ? { enforce: 'privileged', audit: 'restricted', warn: 'restricted' } : { enforce: 'restricted' }
    return Object.entries(expected)
      .map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level] as const)
      .filter(([label, level]) => metadata.labels?.[label] !== level)
      .map(([label, level]) => `${file}: ${metadata.name} needs ${label}: ${level}`)
  })
}

export function secretsClosed(manifests: readonly Manifest[]): readonly string[] {
  return pods(manifests).flatMap(({ name, template: { spec } }) => {
    const { fsGroup, runAsUser } = spec.securityContext ?? {}
    const secrets = (spec.volumes ?? []).flatMap(({ secret }) => secret ?? [])
    return [
      ...secrets.filter(({ defaultMode }) => defaultMode !== 0o440).map(({ secretName }) => `${name}: ${secretName} is read by everybody`),
      ...(secrets.length > 0 && runAsUser !== 0 && fsGroup === undefined ? [`${name} cannot read its Secrets: root's, mode 0440`] : []),
    ]
  })
}

const NOT_VIRTUAL = ['eks.amazonaws.com/compute-type NotIn fargate', 'type NotIn virtual-kubelet']

export function placed(manifests: readonly Manifest[]): readonly string[] {
  return pods(manifests).flatMap(({ name, manifest, template: { spec } }) => {
    const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
    const found = terms.map(({ matchExpressions }) =>
      matchExpressions.map(({ key, operator, values }) => `${key} ${operator} ${values.join()}`).join('; '),
    )
    const isDaemon = manifest.object.kind === 'DaemonSet'
    return [
      ...(spec.nodeSelector?.['kubernetes.io/os'] === 'linux' ? [] : [`${name} may come to a node without Linux`]),
      ...(isDaemon && found.join(' or ') !== NOT_VIRTUAL.join('; ') ? [`${name} may come to a virtual node`] : []),
      ...(isDaemon && manifest.object.spec?.updateStrategy?.rollingUpdate?.maxUnavailable !== '10%'
        ? [`${name} is updated a node at a time`]
        : []),
    ]
  })
}
