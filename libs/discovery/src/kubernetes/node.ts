import { jsonAt, listAt, numberAt, textAt, type Json } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

export type Node = ObjectMeta & {
  readonly kind: 'nodes'
  readonly providerId: string
  readonly addresses: readonly { readonly type: string; readonly address: string }[]
  /** As the kubelet tells them, such as Ready: True, False or Unknown. */
  readonly conditions: readonly { readonly type: string; readonly status: string }[]
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
    conditions: listAt(status, 'conditions').map((one) => ({ type: textAt(one, 'type'), status: textAt(one, 'status') })),
    // The API writes this one name with a capital letter.
    kubeletPort: numberAt(jsonAt(jsonAt(status, 'daemonEndpoints'), 'kubeletEndpoint'), 'Port') ?? 0,
  }
}
