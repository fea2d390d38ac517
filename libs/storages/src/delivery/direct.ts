import { PermanentError, RetryableError, type Delivery, type Kind, type RefusedRecord, type Sink } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import { classified } from '../decorators/classified.ts'
import { isolating, type Refusal } from '../decorators/isolating.ts'
import { rootOf } from '../decorators/lineage.ts'
import { observed } from '../decorators/observed.ts'
import { describeFirst } from './describe.ts'

export type DirectTarget = { readonly storage: string; readonly sink: Sink }

export type DirectOptions = {
  readonly kind: Kind
  readonly targets: readonly DirectTarget[]
  readonly metrics: Metrics
}

/**
 * Storages without a bus before them, as one sink. Resolves when all of them have everything; they are written side by side.
 * The deliveries are of one tenant; the caller has one write per key on its way.
 *
 * @throws (write) RetryableError when one of them has not got it: the sender sends again, and the others see it twice.
 *   PermanentError when all have what they accept; it names the rest in its text and in `refused`, each record once.
 */
export function createDirectSink({ kind, targets, metrics }: DirectOptions): Sink {
  const writers = targets.map(({ storage, sink }) => ({ storage, sink: observed(classified(sink), { storage, kind, metrics }) }))
  return {
    write: async (deliveries, signal) => {
      const refusals: { readonly storage: string; readonly refusal: Refusal }[] = []
      const outcomes = await Promise.allSettled(
        writers.map(({ storage, sink }) =>
          isolating(sink, { refuse: async (refusal) => void refusals.push({ storage, refusal }) }).write(deliveries, signal),
        ),
      )
      signal.throwIfAborted()
      const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
      if (failures.length > 0) throw worstOf(failures)
      if (refusals.length > 0) throw refusedBy(deliveries, refusals)
    },
  }
}

/** The longest wait that any storage asked for, and the operator when any needs one. */
function worstOf(failures: readonly unknown[]): unknown {
  const retryable = failures.filter((failure) => failure instanceof RetryableError)
  if (retryable.length < failures.length) return failures.find((failure) => !(failure instanceof RetryableError))
  const waits = retryable.flatMap(({ retryAfterMs }) => (retryAfterMs === undefined ? [] : [retryAfterMs]))
  return new RetryableError(retryable.map(({ message }) => message).join('; '), {
    cause: retryable[0],
    status: retryable[0]?.status,
    needsOperator: retryable.some(({ needsOperator }) => needsOperator),
    retryAfterMs: waits.length === 0 ? undefined : Math.max(...waits),
  })
}

/** Refused series or streams that are named one by one; the rest is a number. */
const NAMED = 10

type StorageRefusal = { readonly storage: string; readonly refusal: Refusal }

function refusedBy(deliveries: readonly Delivery[], refusals: readonly StorageRefusal[]): PermanentError {
  const named = refusals.slice(0, NAMED).map(({ storage, refusal: { piece, error } }) => {
    const [subject = 'data'] = Object.values<string>(describeFirst(piece))
    return `${storage} refused ${subject}: ${error.message}`
  })
  const more = refusals.length - named.length
  const records = new Map<string, RefusedRecord>()
  for (const { refusal } of refusals)
    for (const record of recordsOf(deliveries, refusal)) records.set(`${record.delivery} ${record.record}`, record)
  return new PermanentError(`${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`, {
    status: refusals[0]?.refusal.error.status,
    repeatLike: refusals.every(({ refusal: { error } }) => error.repeatLike),
    refused: [...records.values()],
  })
}

function recordsOf(deliveries: readonly Delivery[], { piece, error }: Refusal): readonly RefusedRecord[] {
  const root = rootOf(piece)
  const delivery = deliveries.indexOf(root)
  const first = piece.position - root.position
  const reason = error.message
  return Array.from({ length: piece.headers.records ?? 0 }, (_, index) => ({ delivery, record: first + index, reason }))
}
