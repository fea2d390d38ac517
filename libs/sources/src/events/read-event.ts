import { jsonAt, numberAt, textAt, type Json } from '@clymene/discovery'

import { readApiTime } from './api-time.ts'

/** The object that an event is about, or that is related to it. */
export type EventObject = {
  readonly kind: string
  /** '' of what stands in no namespace. */
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly apiVersion: string
  readonly fieldPath: string
}

export type ClusterEvent = {
  readonly uid: string
  readonly name: string
  /** Its resourceVersion. */
  readonly version: string
  readonly about: EventObject
  readonly related: EventObject | undefined
  readonly reason: string
  /** Normal or Warning. */
  readonly type: string
  readonly message: string
  readonly action: string
  /** How often it occurred. */
  readonly count: number
  /** As written; '' when it is not known. */
  readonly firstSeen: string
  readonly lastSeen: string
  /** Of the last occurrence, nanoseconds since the epoch. */
  readonly lastNs: bigint
  readonly sourceComponent: string
  readonly sourceHost: string
  readonly controller: string
  readonly controllerInstance: string
}

/**
 * An event of the core API. Those of events.k8s.io are the same objects: their time is `eventTime`, and repeats of them stand in `series`,
 * while older reporters raise `count` and `lastTimestamp`.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export function readEvent(object: Json): ClusterEvent {
  const metadata = jsonAt(object, 'metadata')
  const series = jsonAt(object, 'series')
  const source = jsonAt(object, 'source')
  const created = textAt(metadata, 'creationTimestamp')
  const [first, last, once] = [textAt(object, 'firstTimestamp'), textAt(object, 'lastTimestamp'), textAt(object, 'eventTime')]
  const lastSeen = [textAt(series, 'lastObservedTime'), last, once, first, created].find((text) => readApiTime(text) !== undefined) ?? ''
  const related = jsonAt(object, 'related')
  return {
    uid: textAt(metadata, 'uid'),
    name: textAt(metadata, 'name'),
    version: textAt(metadata, 'resourceVersion'),
    about: readObjectReference(jsonAt(object, 'involvedObject')),
    related: textAt(related, 'kind') === '' ? undefined : readObjectReference(related),
    reason: textAt(object, 'reason'),
    type: textAt(object, 'type'),
    message: textAt(object, 'message'),
    action: textAt(object, 'action'),
    count: Math.max(1, numberAt(object, 'count') ?? 0, numberAt(series, 'count') ?? 0),
    firstSeen: first || once || created,
    lastSeen,
    lastNs: readApiTime(lastSeen) ?? 0n,
    sourceComponent: textAt(source, 'component'),
    sourceHost: textAt(source, 'host'),
    controller: textAt(object, 'reportingComponent'),
    controllerInstance: textAt(object, 'reportingInstance'),
  }
}

const readObjectReference = (object: Json): EventObject => ({
  kind: textAt(object, 'kind'),
  namespace: textAt(object, 'namespace'),
  name: textAt(object, 'name'),
  uid: textAt(object, 'uid'),
  apiVersion: textAt(object, 'apiVersion'),
  fieldPath: textAt(object, 'fieldPath'),
})
