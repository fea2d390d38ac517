import type { TargetGroup } from '@clymene/model'

import { addMeta, joinHostPort, metaLabels, type MetaLabels } from './meta-labels.ts'
import type { Service } from './service.ts'

/** One target a port, by the name that the cluster's DNS knows. */
export function serviceGroup(service: Service): TargetGroup {
  const { name, namespace, type } = service
  return {
    source: `svc/${namespace}/${name}`,
    labels: serviceLabels(service),
    targets: service.ports.map((port) => {
      const target = metaLabels(
        ['service_port_name', port.name],
        ['service_port_number', String(port.number)],
        ['service_port_protocol', port.protocol],
        ['service_type', type],
        type === 'ExternalName' ? ['service_external_name', service.externalName] : ['service_cluster_ip', service.clusterIp],
        ['service_loadbalancer_ip', type === 'LoadBalancer' ? service.loadBalancerIp : ''],
      )
      return target.set('__address__', joinHostPort(`${name}.${namespace}.svc`, port.number))
    }),
  }
}

/** What its endpoints get as well. */
export function serviceLabels(service: Service): MetaLabels {
  const labels = metaLabels(['namespace', service.namespace])
  addMeta(labels, 'service', service)
  return labels
}
