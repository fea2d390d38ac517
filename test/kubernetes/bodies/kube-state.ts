import { quantityOf } from '../node/fields.ts'
import type { Node, Pod } from '../objects.ts'
import { createExposition, type Exposition, type Labels } from './exposition.ts'
import { type KubeStateLists, seconds, type Tree } from './kube-state-lists.ts'
import { workloads } from './kube-state-workloads.ts'

/** The /metrics of kube-state-metrics 2 for these objects, its own names and labels; labels of objects are left out, as it does unless asked. */
export function kubeStateBody(lists: KubeStateLists): string {
  const body = createExposition()
  for (const node of lists.nodes) nodeMetrics(body, node)
  for (const pod of lists.pods) podMetrics(body, pod)
  workloads(body, lists)
  return body.text()
}

function nodeMetrics(body: Exposition, { metadata, spec, status }: Node): void {
  const node = { node: metadata.name }
  const {
    kernelVersion = '',
    osImage = '',
    containerRuntimeVersion = '',
    kubeletVersion = '',
    kubeProxyVersion = '',
  } = status.nodeInfo ?? {}
  const address = status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''
  body.add(
    'kube_node_info',
    'gauge',
    {
      ...node,
      kernel_version: kernelVersion,
      os_image: osImage,
      container_runtime_version: containerRuntimeVersion,
      kubelet_version: kubeletVersion,
      kubeproxy_version: kubeProxyVersion,
      pod_cidr: spec.podCIDR ?? '',
      provider_id: '',
      system_uuid: metadata.name,
      internal_ip: address,
    },
    1,
  )
  body.add('kube_node_created', 'gauge', node, seconds(metadata.creationTimestamp))
  for (const label of Object.keys(metadata.labels ?? {})) {
    const [, role] = /^node-role\.kubernetes\.io\/(.+)$/.exec(label) ?? []
    if (role !== undefined) body.add('kube_node_role', 'gauge', { ...node, role }, 1)
  }
  body.add('kube_node_spec_unschedulable', 'gauge', node, Number(spec.unschedulable ?? false))
  for (const { key, value = '', effect } of spec.taints ?? []) body.add('kube_node_spec_taint', 'gauge', { ...node, key, value, effect }, 1)
  for (const condition of status.conditions ?? [])
    for (const state of ['true', 'false', 'unknown'])
      body.add(
        'kube_node_status_condition',
        'gauge',
        { ...node, condition: condition.type, status: state },
        Number(condition.status.toLowerCase() === state),
      )
  for (const kind of ['capacity', 'allocatable'] as const)
    for (const [resource, quantity] of Object.entries(status[kind] ?? {}))
      body.add(`kube_node_status_${kind}`, 'gauge', { ...node, ...resourceLabels(resource) }, quantityOf(quantity))
}

const PHASES = ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running']
const REASONS = ['Evicted', 'NodeAffinity', 'NodeLost', 'Shutdown', 'UnexpectedAdmissionError']

function podMetrics(body: Exposition, { metadata, spec, status }: Pod): void {
  const pod = { namespace: metadata.namespace ?? '', pod: metadata.name, uid: metadata.uid }
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  body.add(
    'kube_pod_info',
    'gauge',
    {
      ...pod,
      host_ip: status.hostIP ?? '',
      pod_ip: status.podIP ?? '',
      node: spec.nodeName ?? '',
      created_by_kind: owner?.kind ?? '',
      created_by_name: owner?.name ?? '',
      priority_class: spec.priorityClassName ?? '',
      host_network: String(spec.hostNetwork ?? false),
    },
    1,
  )
  const owned = { owner_kind: owner?.kind ?? '', owner_name: owner?.name ?? '', owner_is_controller: owner === undefined ? '' : 'true' }
  body.add('kube_pod_owner', 'gauge', { ...pod, ...owned }, 1)
  body.add('kube_pod_created', 'gauge', pod, seconds(metadata.creationTimestamp))
  if (status.startTime !== undefined) body.add('kube_pod_start_time', 'gauge', pod, seconds(status.startTime))
  body.add('kube_pod_restart_policy', 'gauge', { ...pod, type: spec.restartPolicy ?? 'Always' }, 1)
  for (const phase of PHASES) body.add('kube_pod_status_phase', 'gauge', { ...pod, phase }, Number(status.phase === phase))
  for (const reason of REASONS) body.add('kube_pod_status_reason', 'gauge', { ...pod, reason }, 0)
  for (const [name, type] of [
    ['ready', 'Ready'],
    ['scheduled', 'PodScheduled'],
  ] as const) {
    const found = status.conditions?.find((condition) => condition.type === type)?.status.toLowerCase()
    for (const condition of ['true', 'false', 'unknown'])
      if (found !== undefined) body.add(`kube_pod_status_${name}`, 'gauge', { ...pod, condition }, Number(found === condition))
  }
  for (const name of ['BestEffort', 'Burstable', 'Guaranteed'])
    body.add('kube_pod_status_qos_class', 'gauge', { ...pod, qos_class: name }, Number(status.qosClass === name))
  for (const volume of spec.volumes ?? [])
    if (volume.persistentVolumeClaim !== undefined)
      body.add(
        'kube_pod_spec_volumes_persistentvolumeclaims_info',
        'gauge',
        { ...pod, volume: volume.name, persistentvolumeclaim: volume.persistentVolumeClaim.claimName },
        1,
      )
  for (const container of status.containerStatuses ?? []) containerMetrics(body, { ...pod, container: container.name }, container)
  for (const { name, resources = {} } of spec.containers)
    for (const kind of ['requests', 'limits'] as const)
      for (const [resource, quantity] of Object.entries(resources[kind] ?? {}))
        body.add(
          `kube_pod_container_resource_${kind}`,
          'gauge',
          { ...pod, container: name, node: spec.nodeName ?? '', ...resourceLabels(resource) },
          quantityOf(quantity),
        )
}

function containerMetrics(body: Exposition, labels: Labels, status: NonNullable<Pod['status']['containerStatuses']>[number]): void {
  const { image, imageID, containerID = '', ready, restartCount } = status
  body.add('kube_pod_container_info', 'gauge', { ...labels, image_spec: image, image, image_id: imageID, container_id: containerID }, 1)
  body.add('kube_pod_container_status_ready', 'gauge', labels, Number(ready))
  body.add('kube_pod_container_status_restarts_total', 'counter', labels, restartCount)
  for (const state of ['running', 'waiting', 'terminated'])
    body.add(`kube_pod_container_status_${state}`, 'gauge', labels, Number(status.state[state] !== undefined))
  const { running, waiting, terminated } = status.state
  if (has(running)) body.add('kube_pod_container_state_started', 'gauge', labels, seconds(String(running['startedAt'])))
  for (const [state, found] of [
    ['waiting', waiting],
    ['terminated', terminated],
    ['last_terminated', status.lastState['terminated']],
  ] as const) {
    if (!has(found)) continue
    body.add(`kube_pod_container_status_${state}_reason`, 'gauge', { ...labels, reason: String(found['reason']) }, 1)
    if (state !== 'last_terminated') continue
    body.add('kube_pod_container_status_last_terminated_exitcode', 'gauge', labels, Number(found['exitCode']))
    body.add('kube_pod_container_status_last_terminated_timestamp', 'gauge', labels, seconds(String(found['finishedAt'])))
  }
}

function resourceLabels(resource: string): Labels {
  const unit = resource === 'cpu' ? 'core' : /memory|storage/.test(resource) ? 'byte' : 'integer'
  return { resource: resource.replaceAll(/[^a-zA-Z0-9_]/g, '_'), unit }
}

const has = (value: unknown): value is Tree => typeof value === 'object' && value !== null
