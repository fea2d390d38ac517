import { useOf, type Lookup } from './lookup.ts'
import { addMeta, addMetaPairs, PREFIX, type MetaLabels } from './meta-labels.ts'
import type { Pod } from './pod.ts'
import type { Resource } from './resources.ts'
import type { Role } from './roles.ts'

/** `attach_metadata`: of which other objects a target gets labels. */
export type Attach = {
  readonly node: boolean
  readonly namespace: boolean
  /** The next three are of the workload that made a pod. */
  readonly deployment: boolean
  readonly job: boolean
  readonly cronjob: boolean
}

export const ATTACH_KEYS = ['node', 'namespace', 'deployment', 'job', 'cronjob'] as const satisfies readonly (keyof Attach)[]

export const ATTACH_NOTHING: Attach = { node: false, namespace: false, deployment: false, job: false, cronjob: false }

/** What has to be watched for it. A role takes of it what its objects have; a job's name stands in the pod already. */
export function attachedResources(role: Role, { node, namespace, deployment, cronjob }: Attach): readonly Resource[] {
  if (role === 'node') return []
  const ofAll: readonly Resource[] = namespace ? ['namespaces'] : []
  if (role === 'service' || role === 'ingress') return ofAll
  return [
    ...ofAll,
    ...(node ? ['nodes' as const] : []),
    ...(deployment ? ['replicasets' as const] : []),
    ...(cronjob ? ['jobs' as const] : []),
  ]
}

/** Name, labels and annotations of a node. False when it is not known. */
export function addNodeLabels(labels: MetaLabels, lookup: Lookup, name: string): boolean {
  const node = lookup('nodes', '', name)
  if (node !== undefined) addMeta(labels, 'node', node)
  return node !== undefined
}

/** Labels and annotations of the namespace, when that is asked for. Gives what the labels were made of. */
export function addNamespaceLabels(labels: MetaLabels, { namespace: isAsked }: Attach, lookup: Lookup, name: string): readonly string[] {
  if (!isAsked) return []
  const namespace = lookup('namespaces', '', name)
  if (namespace !== undefined) addMetaPairs(labels, 'namespace', namespace)
  return [useOf('namespaces', '', name)]
}

/** Names of the workload that made a pod, those that are asked for. Gives what the labels were made of. */
export function addWorkloadLabels(labels: MetaLabels, attach: Attach, lookup: Lookup, { namespace, controller }: Pod): readonly string[] {
  if (controller?.kind === 'ReplicaSet' && attach.deployment) {
    const owner = lookup('replicasets', namespace, controller.name)?.controller
    if (owner?.kind === 'Deployment') labels.set(`${PREFIX}pod_deployment_name`, owner.name)
    return [useOf('replicasets', namespace, controller.name)]
  }
  if (controller?.kind !== 'Job') return []
  if (attach.job) labels.set(`${PREFIX}pod_job_name`, controller.name)
  if (!attach.cronjob) return []
  const owner = lookup('jobs', namespace, controller.name)?.controller
  if (owner?.kind === 'CronJob') labels.set(`${PREFIX}pod_cronjob_name`, owner.name)
  return [useOf('jobs', namespace, controller.name)]
}
