import { cpus, release, totalmem } from 'node:os'

import type { Api } from '../api.ts'
import { KUBELET_PORT } from './kubelet-server.ts'
import { addressing } from './network.ts'
import type { NodeConfig } from './node-config.ts'

const MAX_PODS = '110'

/** Makes the Node, ready. */
export async function register(api: Api, { name, octet, index, labels, taints, version }: NodeConfig): Promise<void> {
  const { node, podNetwork } = addressing(octet)
  const address = node(index)
  const capacity = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: MAX_PODS }
  const now = new Date().toISOString()
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'KubeletReady' },
    ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({ type, status: 'False', reason: 'KubeletHasSufficient' })),
  ].map((condition) => ({ ...condition, message: '', lastHeartbeatTime: now, lastTransitionTime: now }))
  await api.send('POST', '/api/v1/nodes', {
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', ...labels },
    },
    spec: { podCIDR: podNetwork(index), taints },
  })
  // A new node is given the taint of one that is not ready.
  await api.patch(`/api/v1/nodes/${name}`, { spec: { taints } })
  await api.patch(`/api/v1/nodes/${name}/status`, {
    status: {
      capacity,
      allocatable: capacity,
      conditions,
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
      nodeInfo: {
        machineID: name,
        systemUUID: name,
        bootID: name,
        kernelVersion: release(),
        osImage: 'stand-in',
        containerRuntimeVersion: 'stand-in://1',
        kubeletVersion: version,
        kubeProxyVersion: version,
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  })
}
