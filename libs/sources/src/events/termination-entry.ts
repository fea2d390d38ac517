import type { Label } from '@clymene/model'

import type { WrittenEntry } from '../lines/entry-writer.ts'
import { entryTime } from './api-time.ts'
import { cutMessage, jsonLine, textLine } from './entry-form.ts'
import type { EntryContext } from './event-entry.ts'
import type { PodTerminations, Termination } from './read-terminations.ts'

export const TERMINATIONS_JOB = 'kubernetes-terminations'

const NUMBERS: ReadonlySet<string> = new Set(['exit_code', 'signal', 'restart_count'])

/** The end of a container as a log entry, with the labels that its log lines have. */
export function terminationEntry(
  pod: PodTerminations,
  ended: Termination,
  { base, form, fewReasons, now }: Pick<EntryContext, 'base' | 'form' | 'fewReasons' | 'now'>,
): WrittenEntry {
  const message = cutMessage(ended.message)
  const nowNs = BigInt(now()) * 1_000_000n
  const labels = [
    ['job', TERMINATIONS_JOB],
    ['namespace', pod.namespace],
    ['pod', pod.name],
    ['container', ended.container],
    ['reason', fewReasons(ended.reason)],
  ] as const
  const outcome: readonly Label[] = [
    ['exit_code', String(ended.exitCode)],
    ['signal', ended.signal === 0 ? '' : String(ended.signal)],
    ['restart_count', String(ended.restartCount)],
  ]
  const metadata: readonly Label[] = [
    ...outcome,
    ['pod_uid', pod.uid],
    ['node_name', pod.nodeName],
    ['image', ended.image],
    ['container_id', ended.containerId],
    ['started_at', ended.startedAt],
    ['finished_at', ended.finishedAt],
    ['message', message],
  ]
  const whose: readonly Label[] = [
    ['reason', ended.reason],
    ['namespace', pod.namespace],
    ['pod', pod.name],
    ['container', ended.container],
  ]
  const text: readonly Label[] = [
    ['reason', ended.reason],
    ['pod', `${pod.namespace}/${pod.name}`],
    ['container', ended.container],
    ...outcome,
    ['msg', message],
  ]
  return {
    labels: labels.reduce((set, [name, value]) => (value === '' ? set : set.with(name, value)), base),
    // A pod is written many times after one end: its version is no part of the time.
    timestampNs: entryTime(ended.finishedNs === 0n ? nowNs : ended.finishedNs, '', nowNs),
    line: form === 'text' ? textLine(text) : jsonLine([...whose, ...metadata], NUMBERS),
    metadata: new Map(metadata.filter(([, value]) => value !== '')),
  }
}
