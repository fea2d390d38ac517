import { addNamespaceLabels, type Attach } from './attach.ts'
import type { GroupMade, Lookup } from './lookup.ts'
import { addMeta, joinHostPort, metaLabels, type MetaLabels } from './meta-labels.ts'
import type { Service } from './service.ts'

/** One target a port, by the name that the cluster's DNS knows. */
export function serviceGroup(service: Service, attach: Attach, lookup: Lookup): GroupMade {
  const { name, namespace, type } = service
  const labels = serviceLabels(service)
  const uses = addNamespaceLabels(labels, attach, lookup, namespace)
  const targets = service.ports.map((port) => {
    const target = metaLabels(
      ['service_port_name', port.name],
      ['service_port_number', String(port.number)],
      ['service_port_protocol', port.protocol],
      ['service_type', type],
      type === 'ExternalName' ? ['service_external_name', service.externalName] : ['service_cluster_ip', service.clusterIp],
      ['service_loadbalancer_ip', type === 'LoadBalancer' ? service.loadBalancerIp : ''],
    )
    return target.set('__address__', joinHostPort(`${name}.${namespace}.svc`, port.number))
  })
  return { group: { source: `svc/${namespace}/${name}`, labels, targets }, uses }
}

/** What its endpoints get as well. */
export function serviceLabels(service: Service): MetaLabels {
  const labels = metaLabels(['namespace', service.namespace])
  addMeta(labels, 'service', service)
  return labels
}
