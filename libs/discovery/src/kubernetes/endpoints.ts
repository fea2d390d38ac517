import { jsonAt, listAt, numberAt, textAt, type Json } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

/** What an address stands for, mostly a pod. */
export type TargetRef = { readonly kind: string; readonly namespace: string; readonly name: string }

export type EndpointAddress = {
  readonly ip: string
  readonly hostname: string
  readonly nodeName: string
  readonly targetRef: TargetRef | undefined
  readonly isReady: boolean
}

export type Endpoints = ObjectMeta & {
  readonly kind: 'endpoints'
  readonly subsets: readonly {
    readonly ports: readonly { readonly name: string; readonly number: number; readonly protocol: string }[]
    readonly addresses: readonly EndpointAddress[]
  }[]
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/ */
export function readEndpoints(object: Json): Endpoints {
  return {
    kind: 'endpoints',
    ...readMeta(object),
    subsets: listAt(object, 'subsets').map((subset) => ({
      ports: listAt(subset, 'ports').map((port) => ({
        name: textAt(port, 'name'),
        number: numberAt(port, 'port') ?? 0,
        protocol: textAt(port, 'protocol'),
      })),
      addresses: [
        ...listAt(subset, 'addresses').map((address) => readAddress(address, true)),
        ...listAt(subset, 'notReadyAddresses').map((address) => readAddress(address, false)),
      ],
    })),
  }
}

const readAddress = (address: Json, isReady: boolean): EndpointAddress => ({
  ip: textAt(address, 'ip'),
  hostname: textAt(address, 'hostname'),
  nodeName: textAt(address, 'nodeName'),
  targetRef: readTargetRef(jsonAt(address, 'targetRef')),
  isReady,
})

export function readTargetRef(reference: Json): TargetRef | undefined {
  const kind = textAt(reference, 'kind')
  const name = textAt(reference, 'name')
  return kind === '' && name === '' ? undefined : { kind, namespace: textAt(reference, 'namespace'), name }
}
