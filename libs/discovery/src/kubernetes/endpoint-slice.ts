import { readTargetRef, type TargetRef } from './endpoints.ts'
import { booleanAt, jsonAt, listAt, numberAt, textAt, textPairsAt, textsAt, type Json, type TextPairs } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

export type SliceEndpoint = {
  readonly addresses: readonly string[]
  /** Each may be unknown. */
  readonly conditions: {
    readonly ready: boolean | undefined
    readonly serving: boolean | undefined
    readonly terminating: boolean | undefined
  }
  readonly hostname: string
  readonly nodeName: string
  readonly zone: string
  readonly topology: TextPairs
  readonly targetRef: TargetRef | undefined
}

export type SlicePort = {
  readonly name: string
  readonly protocol: string
  readonly appProtocol: string
  /** Undefined: all ports. */
  readonly number: number | undefined
}

export type EndpointSlice = ObjectMeta & {
  readonly kind: 'endpointslices'
  readonly addressType: string
  readonly endpoints: readonly SliceEndpoint[]
  readonly ports: readonly SlicePort[]
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
export function readEndpointSlice(object: Json): EndpointSlice {
  return {
    kind: 'endpointslices',
    ...readMeta(object),
    addressType: textAt(object, 'addressType'),
    endpoints: listAt(object, 'endpoints').map(readEndpoint),
    ports: listAt(object, 'ports').map((port) => ({
      name: textAt(port, 'name'),
      protocol: textAt(port, 'protocol'),
      appProtocol: textAt(port, 'appProtocol'),
      number: numberAt(port, 'port'),
    })),
  }
}

function readEndpoint(endpoint: Json): SliceEndpoint {
  const conditions = jsonAt(endpoint, 'conditions')
  return {
    addresses: textsAt(endpoint, 'addresses'),
    conditions: {
      ready: booleanAt(conditions, 'ready'),
      serving: booleanAt(conditions, 'serving'),
      terminating: booleanAt(conditions, 'terminating'),
    },
    hostname: textAt(endpoint, 'hostname'),
    nodeName: textAt(endpoint, 'nodeName'),
    zone: textAt(endpoint, 'zone'),
    topology: textPairsAt(endpoint, 'deprecatedTopology'),
    targetRef: readTargetRef(jsonAt(endpoint, 'targetRef')),
  }
}
