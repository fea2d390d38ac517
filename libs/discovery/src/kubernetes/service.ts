import { jsonAt, listAt, numberAt, textAt, textsAt, type Json } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

export type Service = ObjectMeta & {
  readonly kind: 'services'
  readonly type: string
  readonly clusterIp: string
  readonly externalName: string
  /** What the load balancer got, joined by commas; before it got any, what was asked for. */
  readonly loadBalancerIp: string
  /** Of a service with both address families the one that comes first, `IPv4` or `IPv6`; '' when it has one family. */
  readonly primaryFamily: string
  readonly ports: readonly { readonly name: string; readonly number: number; readonly protocol: string }[]
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
export function readService(object: Json): Service {
  const spec = jsonAt(object, 'spec')
  const balancers = listAt(jsonAt(jsonAt(object, 'status'), 'loadBalancer'), 'ingress').flatMap((one) => textAt(one, 'ip') || [])
  const isDualStack = ['PreferDualStack', 'RequireDualStack'].includes(textAt(spec, 'ipFamilyPolicy'))
  return {
    kind: 'services',
    ...readMeta(object),
    type: textAt(spec, 'type'),
    clusterIp: textAt(spec, 'clusterIP'),
    externalName: textAt(spec, 'externalName'),
    loadBalancerIp: balancers.join(',') || textAt(spec, 'loadBalancerIP'),
    primaryFamily: isDualStack ? (textsAt(spec, 'ipFamilies')[0] ?? '') : '',
    ports: listAt(spec, 'ports').map((port) => ({
      name: textAt(port, 'name'),
      number: numberAt(port, 'port') ?? 0,
      protocol: textAt(port, 'protocol'),
    })),
  }
}
