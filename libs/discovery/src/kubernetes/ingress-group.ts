import { addNamespaceLabels, type Attach } from './attach.ts'
import type { Ingress } from './ingress.ts'
import type { GroupMade, Lookup } from './lookup.ts'
import { addMeta, metaLabels } from './meta-labels.ts'

/** One target a path of each host: for blackbox probes, the address is the host. */
export function ingressGroup(ingress: Ingress, attach: Attach, lookup: Lookup): GroupMade {
  const { namespace, name, rules, tlsHosts } = ingress
  const labels = metaLabels(['namespace', namespace], ['ingress_class_name', ingress.className])
  addMeta(labels, 'ingress', ingress)
  const uses = addNamespaceLabels(labels, attach, lookup, namespace)
  const targets = rules.flatMap(({ host, paths = ['/'] }) => {
    const scheme = tlsHosts.some((pattern) => covers(pattern, host)) ? 'https' : 'http'
    return paths.map((path) =>
      metaLabels(['ingress_scheme', scheme], ['ingress_host', host], ['ingress_path', path === '' ? '/' : path]).set('__address__', host),
    )
  })
  return { group: { source: `ingress/${namespace}/${name}`, labels, targets }, uses }
}

/** Whether a host of a certificate is this one; `*` stands for exactly its first part. */
function covers(pattern: string, host: string): boolean {
  if (pattern === host) return true
  const [first, ...wanted] = pattern.split('.')
  const parts = host.split('.').slice(1)
  return first === '*' && wanted.length === parts.length && wanted.every((part, index) => part === parts[index])
}
