import { PermanentError, type Delivery, type RefusedRecord, type Sink } from '@clymene/model'

import type { MaybeStored } from './lineage.ts'
import { halvesOf, recordsOf } from './split.ts'

export type Refusal = {
  /** The smallest piece that can be told apart: a series, an entry, or what the storage named. */
  readonly piece: Delivery
  readonly error: PermanentError
}

export type IsolatingOptions = {
  /** Takes a refused piece (a dead letter, an answer's text). The write goes on when this resolves. */
  readonly refuse: (refusal: Refusal, signal: AbortSignal) => Promise<void>
  /** Deliveries whose refusal may only mean that they are stored already… */
  readonly maybeStored?: MaybeStored
  /** …and who is told of those. Without it they are refusals like others. */
  readonly repeat?: (piece: Delivery) => void
}

/**
 * Makes of a storage that refuses a body for one bad sample one that takes all the rest, in order.
 *
 * A refused list is halved, then its one delivery by series or entry. The half after one that was accepted is known to hold what
 * is refused, and is halved without being sent whole: one bad series among n costs at most 2·log2(n)+2 further writes, of ever
 * smaller bodies. What the storage names itself is taken at its word. Rejects only with what is no refusal.
 */
export function isolating(sink: Sink, { refuse, maybeStored, repeat }: IsolatingOptions): Sink {
  const attempt = async (deliveries: readonly Delivery[], signal: AbortSignal): Promise<PermanentError | undefined> => {
    try {
      await sink.write(deliveries, signal)
      return undefined
    } catch (error) {
      if (error instanceof PermanentError) return error
      throw error
    }
  }

  const isolate = async (deliveries: readonly Delivery[], error: PermanentError, signal: AbortSignal): Promise<void> => {
    // Some of what is named may be repeats and some not: only each by itself says which.
    const isMixed = deliveries.some((delivery) => isDoubtful(delivery, error))
    if (error.refused !== undefined && !isMixed) return refuseNamed(deliveries, error, signal)
    const [first] = deliveries
    if (first === undefined) return undefined
    if (deliveries.length === 1 && isDoubtful(first, error)) return settleDoubtful(first, error, signal)
    return isolateHalves(deliveries, error, signal)
  }

  const isolateHalves = async (
    deliveries: readonly Delivery[],
    error: PermanentError,
    signal: AbortSignal,
    halves = halve(deliveries),
  ): Promise<void> => {
    if (halves === undefined) return settle(deliveries, error, signal)
    const [left, right] = halves
    const leftError = await attempt(left, signal)
    if (leftError !== undefined) await isolate(left, leftError, signal)
    const rightHalves = leftError === undefined ? halve(right) : undefined
    // The left half was taken, so what was refused is here: no use in sending it whole.
    if (rightHalves !== undefined) return isolateRight(right, error, signal, rightHalves)
    const rightError = await attempt(right, signal)
    if (rightError !== undefined) await isolate(right, rightError, signal)
    return undefined
  }

  const isolateRight = (right: readonly Delivery[], error: PermanentError, signal: AbortSignal, halves: Halves): Promise<void> => {
    const [only, another] = right
    const isOneDoubtful = only !== undefined && another === undefined && isDoubtful(only, error)
    return isOneDoubtful ? settleDoubtful(only, error, signal) : isolateHalves(right, error, signal, halves)
  }

  const settle = async (deliveries: readonly Delivery[], error: PermanentError, signal: AbortSignal): Promise<void> => {
    for (const piece of deliveries) {
      if (isDoubtful(piece, error)) repeat?.(piece)
      else await refuse({ piece, error }, signal)
    }
  }

  const isDoubtful = (piece: Delivery, error: PermanentError): boolean =>
    error.repeatLike && repeat !== undefined && maybeStored?.has(piece) === true

  /**
   * A message that may be stored already. When all of up to eight parts of it are refused like repeats it is one: a body is stored
   * whole or not at all, so finding every series of a repeat by itself would be thousands of writes. Else the parts
   * that were refused are looked at one by one.
   */
  const settleDoubtful = async (delivery: Delivery, error: PermanentError, signal: AbortSignal): Promise<void> => {
    const parts = eighthsOf(delivery)
    if (parts.length === 1) return settle(parts, error, signal)
    const refused: { readonly part: Delivery; readonly error: PermanentError }[] = []
    for (const part of parts) {
      const partError = await attempt([part], signal)
      if (partError !== undefined) refused.push({ part, error: partError })
    }
    if (refused.length === parts.length && refused.every(({ error: one }) => one.repeatLike)) repeat?.(delivery)
    else for (const one of refused) await isolateHalves([one.part], one.error, signal)
    return undefined
  }

  const refuseNamed = async (deliveries: readonly Delivery[], error: PermanentError, signal: AbortSignal): Promise<void> => {
    for (const { delivery, from, to, reason } of runsOf(error.refused ?? [])) {
      const whole = deliveries[delivery]
      if (whole === undefined) continue
      const named = new PermanentError(reason, { status: error.status, repeatLike: error.repeatLike, cause: error })
      await refuse({ piece: recordsOf(whole, from, to), error: named }, signal)
    }
  }

  return {
    write: async (deliveries, signal) => {
      const error = await attempt(deliveries, signal)
      if (error !== undefined) await isolate(deliveries, error, signal)
    },
  }
}

type Halves = readonly [readonly Delivery[], readonly Delivery[]]

function halve(deliveries: readonly Delivery[]): Halves | undefined {
  const [first] = deliveries
  if (first === undefined) return undefined
  if (deliveries.length > 1) {
    const middle = Math.ceil(deliveries.length / 2)
    return [deliveries.slice(0, middle), deliveries.slice(middle)]
  }
  const halves = halvesOf(first)
  return halves === undefined ? undefined : [[halves[0]], [halves[1]]]
}

const eighthsOf = (delivery: Delivery): readonly Delivery[] => {
  let parts: readonly Delivery[] = [delivery]
  for (let round = 0; round < 3; round++) parts = parts.flatMap((part) => halvesOf(part) ?? [part])
  return parts
}

type Run = { readonly delivery: number; readonly from: number; readonly to: number; readonly reason: string }

/** Neighbouring refused records of one delivery as one piece: a mapping that refuses all lines gives one dead letter, not thousands. */
function runsOf(refused: readonly RefusedRecord[]): readonly Run[] {
  const sorted = refused.toSorted((a, b) => a.delivery - b.delivery || a.record - b.record)
  const runs: Run[] = []
  for (const { delivery, record, reason } of sorted) {
    const last = runs.at(-1)
    if (last !== undefined && last.delivery === delivery && last.to >= record)
      runs[runs.length - 1] = { ...last, to: Math.max(last.to, record + 1) }
    else runs.push({ delivery, from: record, to: record + 1, reason })
  }
  return runs
}
