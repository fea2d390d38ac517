import { quantityOf } from '../node/fields.ts'
import type { Exposition, Labels } from './exposition.ts'
import { type Counted, type KubeStateLists, seconds, type Tree } from './kube-state-lists.ts'

/** By metric: where its value stands in the object; a number that is not there is 0. */
type Numbers = Readonly<Record<string, readonly ['spec' | 'status' | 'metadata', ...string[]]>>

const DEPLOYMENT: Numbers = {
  kube_deployment_spec_replicas: ['spec', 'replicas'],
  kube_deployment_spec_paused: ['spec', 'paused'],
  kube_deployment_status_replicas: ['status', 'replicas'],
  kube_deployment_status_replicas_ready: ['status', 'readyReplicas'],
  kube_deployment_status_replicas_available: ['status', 'availableReplicas'],
  kube_deployment_status_replicas_unavailable: ['status', 'unavailableReplicas'],
  kube_deployment_status_replicas_updated: ['status', 'updatedReplicas'],
  kube_deployment_status_observed_generation: ['status', 'observedGeneration'],
  kube_deployment_metadata_generation: ['metadata', 'generation'],
}
const REPLICASET: Numbers = {
  kube_replicaset_spec_replicas: ['spec', 'replicas'],
  kube_replicaset_status_replicas: ['status', 'replicas'],
  kube_replicaset_status_ready_replicas: ['status', 'readyReplicas'],
}
const DAEMONSET: Numbers = {
  kube_daemonset_status_desired_number_scheduled: ['status', 'desiredNumberScheduled'],
  kube_daemonset_status_current_number_scheduled: ['status', 'currentNumberScheduled'],
  kube_daemonset_status_number_ready: ['status', 'numberReady'],
  kube_daemonset_status_number_available: ['status', 'numberAvailable'],
  kube_daemonset_status_number_unavailable: ['status', 'numberUnavailable'],
  kube_daemonset_status_number_misscheduled: ['status', 'numberMisscheduled'],
  kube_daemonset_status_updated_number_scheduled: ['status', 'updatedNumberScheduled'],
}
const STATEFULSET: Numbers = {
  kube_statefulset_replicas: ['spec', 'replicas'],
  kube_statefulset_status_replicas: ['status', 'replicas'],
  kube_statefulset_status_replicas_ready: ['status', 'readyReplicas'],
  kube_statefulset_status_replicas_available: ['status', 'availableReplicas'],
  kube_statefulset_status_replicas_current: ['status', 'currentReplicas'],
  kube_statefulset_status_replicas_updated: ['status', 'updatedReplicas'],
}

/** Everything of kube-state-metrics but nodes and pods. */
export function workloads(body: Exposition, lists: KubeStateLists): void {
  for (const [kind, objects, numbers] of [
    ['deployment', lists.deployments, DEPLOYMENT],
    ['replicaset', lists.replicasets, REPLICASET],
    ['daemonset', lists.daemonsets, DAEMONSET],
    ['statefulset', lists.statefulsets, STATEFULSET],
  ] as const)
    for (const object of objects) {
      const labels = { namespace: object.metadata.namespace ?? '', [kind]: object.metadata.name }
      body.add(`kube_${kind}_created`, 'gauge', labels, seconds(object.metadata.creationTimestamp))
      for (const [name, path] of Object.entries(numbers)) body.add(name, 'gauge', labels, Number(valueAt(object, path) ?? 0))
      conditions(body, kind, labels, object)
      if (kind === 'replicaset') {
        const owner = object.metadata.ownerReferences?.[0]
        const owned = { owner_kind: owner?.kind ?? '', owner_name: owner?.name ?? '', owner_is_controller: String(owner?.controller ?? '') }
        body.add('kube_replicaset_owner', 'gauge', { ...labels, ...owned }, 1)
      }
    }
  for (const { metadata, status } of lists.namespaces) {
    body.add('kube_namespace_created', 'gauge', { namespace: metadata.name }, seconds(metadata.creationTimestamp))
    for (const phase of ['Active', 'Terminating'])
      body.add('kube_namespace_status_phase', 'gauge', { namespace: metadata.name, phase }, Number(status?.['phase'] === phase))
  }
  for (const service of lists.services) {
    const { metadata } = service
    const labels = { namespace: metadata.namespace ?? '', service: metadata.name, uid: metadata.uid }
    const clusterIP = textAt(service, ['spec', 'clusterIP'])
    body.add('kube_service_info', 'gauge', { ...labels, cluster_ip: clusterIP, external_name: '', load_balancer_ip: '' }, 1)
    body.add('kube_service_created', 'gauge', labels, seconds(metadata.creationTimestamp))
    body.add('kube_service_spec_type', 'gauge', { ...labels, type: textAt(service, ['spec', 'type']) }, 1)
  }
  for (const { metadata } of lists.configmaps) {
    const labels = { namespace: metadata.namespace ?? '', configmap: metadata.name }
    body.add('kube_configmap_info', 'gauge', labels, 1)
    body.add('kube_configmap_created', 'gauge', labels, seconds(metadata.creationTimestamp))
  }
  for (const claim of lists.persistentvolumeclaims) {
    const labels = { namespace: claim.metadata.namespace ?? '', persistentvolumeclaim: claim.metadata.name }
    const storageClass = textAt(claim, ['spec', 'storageClassName'])
    const volume = textAt(claim, ['spec', 'volumeName'])
    body.add('kube_persistentvolumeclaim_info', 'gauge', { ...labels, storageclass: storageClass, volumename: volume }, 1)
    for (const phase of ['Lost', 'Bound', 'Pending'])
      body.add('kube_persistentvolumeclaim_status_phase', 'gauge', { ...labels, phase }, Number(claim.status?.['phase'] === phase))
    const asked = textAt(claim, ['spec', 'resources', 'requests', 'storage'])
    body.add('kube_persistentvolumeclaim_resource_requests_storage_bytes', 'gauge', labels, quantityOf(asked))
  }
  for (const volume of lists.persistentvolumes) {
    const labels = { persistentvolume: volume.metadata.name }
    for (const phase of ['Pending', 'Available', 'Bound', 'Released', 'Failed'])
      body.add('kube_persistentvolume_status_phase', 'gauge', { ...labels, phase }, Number(volume.status?.['phase'] === phase))
    body.add('kube_persistentvolume_capacity_bytes', 'gauge', labels, quantityOf(textAt(volume, ['spec', 'capacity', 'storage'])))
  }
}

function conditions(body: Exposition, kind: string, labels: Labels, object: Counted): void {
  const found = object.status?.['conditions']
  if (!Array.isArray(found)) return
  for (const { type, status } of found)
    for (const state of ['true', 'false', 'unknown'])
      body.add(
        `kube_${kind}_status_condition`,
        'gauge',
        { ...labels, condition: String(type), status: state },
        Number(String(status).toLowerCase() === state),
      )
}

function valueAt(object: Counted, path: readonly string[]): unknown {
  let value: unknown = object
  for (const key of path) value = isTree(value) ? value[key] : undefined
  return value
}

function textAt(object: Counted, path: readonly string[]): string {
  const value = valueAt(object, path)
  return typeof value === 'string' ? value : ''
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null
