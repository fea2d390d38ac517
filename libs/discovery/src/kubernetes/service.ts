import { jsonAt, listAt, numberAt, textAt, type Json } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

export type Service = ObjectMeta & {
  readonly kind: 'services'
  readonly type: string
  readonly clusterIp: string
  readonly externalName: string
  readonly loadBalancerIp: string
  readonly ports: readonly { readonly name: string; readonly number: number; readonly protocol: string }[]
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
export function readService(object: Json): Service {
  const spec = jsonAt(object, 'spec')
  return {
    kind: 'services',
    ...readMeta(object),
    type: textAt(spec, 'type'),
    clusterIp: textAt(spec, 'clusterIP'),
    externalName: textAt(spec, 'externalName'),
    loadBalancerIp: textAt(spec, 'loadBalancerIP'),
    ports: listAt(spec, 'ports').map((port) => ({
      name: textAt(port, 'name'),
      number: numberAt(port, 'port') ?? 0,
      protocol: textAt(port, 'protocol'),
    })),
  }
}
