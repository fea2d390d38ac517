import { jsonAt, listAt, numberAt, textAt, type Json } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

export type Node = ObjectMeta & {
  readonly kind: 'nodes'
  readonly providerId: string
  readonly addresses: readonly { readonly type: string; readonly address: string }[]
  readonly kubeletPort: number
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ */
export function readNode(object: Json): Node {
  const status = jsonAt(object, 'status')
  return {
    kind: 'nodes',
    ...readMeta(object),
    providerId: textAt(jsonAt(object, 'spec'), 'providerID'),
    addresses: listAt(status, 'addresses').map((one) => ({ type: textAt(one, 'type'), address: textAt(one, 'address') })),
    // The API writes this one name with a capital letter.
    kubeletPort: numberAt(jsonAt(jsonAt(status, 'daemonEndpoints'), 'kubeletEndpoint'), 'Port') ?? 0,
  }
}
