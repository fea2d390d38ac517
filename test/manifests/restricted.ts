import type { PodSpec, Volume } from './objects.ts'
import type { Pod } from './pods.ts'

/**
 * The rules of Pod Security's level `restricted`, those of `baseline` among them, each with what a pod does that it forbids.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
const RULES: Readonly<Record<string, (spec: Looked) => readonly (string | false)[]>> = {
  'host namespaces': ({ hostNetwork, hostPID, hostIPC }) => [
    hostNetwork === true && 'hostNetwork',
    hostPID === true && 'hostPID',
    hostIPC === true && 'hostIPC',
  ],
  'volume types': ({ volumes = [] }) =>
    volumes.map((volume) => Object.keys(volume).find((key) => key !== 'name' && !VOLUMES.has(key)) !== undefined && volume.name),
  'host ports': (spec) => each(spec, ({ ports = [] }) => ports.some(({ hostPort = 0 }) => hostPort !== 0)),
  'host of probes': (spec) =>
    each(spec, ({ livenessProbe, readinessProbe, startupProbe }) =>
      [livenessProbe, readinessProbe, startupProbe].some((probe) => probe?.httpGet?.host !== undefined),
    ),
  privileged: (spec) => each(spec, ({ securityContext }) => securityContext?.privileged === true),
  'privilege escalation': (spec) => each(spec, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false),
  'capabilities dropped': (spec) => each(spec, ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') !== true),
  'capabilities added': (spec) =>
    each(spec, ({ securityContext }) => securityContext?.capabilities?.add?.some((name) => name !== 'NET_BIND_SERVICE') === true),
  'no root': (spec) => each(spec, ({ securityContext }) => (securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) !== true),
  'no uid 0': (spec) => [
    spec.securityContext?.runAsUser === 0 && 'the pod',
    ...each(spec, ({ securityContext }) => securityContext?.runAsUser === 0),
  ],
  seccomp: (spec) =>
    each(spec, ({ securityContext }) => {
      const profile = securityContext?.seccompProfile ?? spec.securityContext?.seccompProfile
      return profile?.type !== 'RuntimeDefault' && profile?.type !== 'Localhost'
    }),
  'proc mount': (spec) => each(spec, ({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default'),
  sysctls: ({ securityContext }) => (securityContext?.sysctls ?? []).map(({ name }) => !SYSCTLS.has(name) && name),
  SELinux: (spec) =>
    [spec.securityContext, ...containers(spec).map(({ securityContext }) => securityContext)].map((context) => {
      const { type = '', user = '', role = '' } = context?.seLinuxOptions ?? {}
      return (!SELINUX.has(type) || user !== '' || role !== '') && (type || 'user or role')
    }),
}

export const restrictedRules: readonly string[] = Object.keys(RULES)

type Looked = Omit<PodSpec, 'securityContext' | 'containers' | 'initContainers' | 'volumes'> & {
  readonly hostIPC?: boolean
  readonly securityContext?: PodSpec['securityContext'] & Context & { readonly sysctls?: readonly { readonly name: string }[] }
  readonly initContainers?: readonly LookedContainer[]
  readonly containers: readonly LookedContainer[]
  readonly volumes?: readonly Volume[]
}
type Context = { readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string } }
type LookedProbe = { readonly httpGet?: { readonly host?: string } }
type LookedContainer = {
  readonly name: string
  readonly ports?: readonly { readonly hostPort?: number }[]
  readonly livenessProbe?: LookedProbe
  readonly readinessProbe?: LookedProbe
  readonly startupProbe?: LookedProbe
  readonly securityContext?: Context & {
    readonly privileged?: boolean
    readonly allowPrivilegeEscalation?: boolean
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
    readonly runAsNonRoot?: boolean
    readonly runAsUser?: number
    readonly procMount?: string
    readonly seccompProfile?: { readonly type: string }
  }
}

const VOLUMES = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'])
const SYSCTLS = new Set(['net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ping_group_range', 'net.ipv4.tcp_syncookies'])
const SELINUX = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'])

const containers = ({ initContainers = [], containers: others }: Looked): readonly LookedContainer[] => [...initContainers, ...others]

const each = (spec: Looked, isForbidden: (container: LookedContainer) => boolean): readonly (string | false)[] =>
  containers(spec).map((container) => isForbidden(container) && container.name)

/** What a pod does that `restricted` forbids: a line for each rule and container, volume or other thing that breaks it. */
export function beyondRestricted({ name, template }: Pod): readonly string[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same object, with more of its fields named
  const spec = template.spec as Looked
  return Object.entries(RULES).flatMap(([rule, broken]) =>
    broken(spec)
      .filter((what) => what !== false)
      .map((what) => `${name}: ${rule}: ${what}`),
  )
}

/** Who may be what `restricted` forbids, and nobody else: the first reads the node's logs as root, the second is in its network. */
export const BEYOND_RESTRICTED: readonly string[] = ['DaemonSet clymene-promtail', 'DaemonSet node-exporter']
