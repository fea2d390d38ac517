import { isJson, jsonAt, listAt, textAt, textsAt, type Json } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

export type IngressRule = {
  /** '' is every host. */
  readonly host: string
  /** Undefined when the rule says nothing of HTTP: then it is the path `/`. */
  readonly paths: readonly string[] | undefined
}

export type Ingress = ObjectMeta & {
  readonly kind: 'ingresses'
  readonly className: string
  /** Hosts that have a certificate; the first part may be `*`. */
  readonly tlsHosts: readonly string[]
  readonly rules: readonly IngressRule[]
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/ */
export function readIngress(object: Json): Ingress {
  const spec = jsonAt(object, 'spec')
  return {
    kind: 'ingresses',
    ...readMeta(object),
    className: textAt(spec, 'ingressClassName'),
    tlsHosts: listAt(spec, 'tls').flatMap((tls) => textsAt(tls, 'hosts')),
    rules: listAt(spec, 'rules').map((rule) => ({
      host: textAt(rule, 'host'),
      paths: isJson(rule['http']) ? listAt(rule['http'], 'paths').map((path) => textAt(path, 'path')) : undefined,
    })),
  }
}
