import type { Label } from '@clymene/model'
import type { LabelSet } from '@clymene/stages'

import type { WrittenEntry } from '../lines/entry-writer.ts'
import { entryTime } from './api-time.ts'
import { cutMessage, jsonLine, textLine, type EntryForm } from './entry-form.ts'
import type { ClusterEvent } from './read-event.ts'

export type EntryContext = {
  /** Labels of all entries. */
  readonly base: LabelSet
  readonly form: EntryForm
  /** Bound the values that anybody may invent. */
  readonly fewKinds: (kind: string) => string
  readonly fewReasons: (reason: string) => string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export const EVENTS_JOB = 'kubernetes-events'

const NUMBERS: ReadonlySet<string> = new Set(['count'])

/** An event as a log entry: few labels, everything else as structured metadata, and a line for people. */
export function eventEntry(event: ClusterEvent, { base, form, fewKinds, fewReasons, now }: EntryContext): WrittenEntry {
  const { about, related, reason, type } = event
  const message = cutMessage(event.message)
  const labels = [
    ['job', EVENTS_JOB],
    ['namespace', about.namespace],
    ['kind', fewKinds(about.kind)],
    ['reason', fewReasons(reason)],
    ['type', type],
  ] as const
  const object: readonly Label[] = [
    ['name', about.name],
    ['uid', about.uid],
    ['api_version', about.apiVersion],
    ['field_path', about.fieldPath],
    ['count', String(event.count)],
    ['first_seen', event.firstSeen],
    ['last_seen', event.lastSeen],
    ['source_component', event.sourceComponent],
    ['source_host', event.sourceHost],
    ['action', event.action],
    ['reporting_controller', event.controller],
    ['reporting_instance', event.controllerInstance],
    ['related', related === undefined ? '' : [related.kind, related.namespace, related.name].filter(Boolean).join('/')],
    ['event', event.name],
    ['message', message],
  ]
  const classified: readonly Label[] = [
    ['type', type],
    ['reason', reason],
    ['kind', about.kind],
  ]
  const text: readonly Label[] = [
    ...classified,
    ['object', about.namespace === '' ? about.name : `${about.namespace}/${about.name}`],
    ['count', String(event.count)],
    ['source', event.sourceComponent || event.controller],
    ['host', event.sourceHost],
    ['msg', message],
  ]
  return {
    labels: labels.reduce((set, [name, value]) => (value === '' ? set : set.with(name, value)), base),
    timestampNs: entryTime(event.lastNs, event.version, BigInt(now()) * 1_000_000n),
    line: form === 'text' ? textLine(text) : jsonLine([...classified, ['namespace', about.namespace], ...object], NUMBERS),
    metadata: new Map(object.filter(([, value]) => value !== '')),
  }
}
