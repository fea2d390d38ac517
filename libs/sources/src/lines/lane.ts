import type { Emit } from '@clymene/model'
import type { LabelSet } from '@clymene/stages'

import { Collector } from './collector.ts'
import type { LabelLimits } from './label-limits.ts'
import type { OffendedLabels } from './offended-labels.ts'
import { createStreams, type LineStream } from './stream.ts'

/** Something whose progress is told when a batch is acknowledged. */
export type Followed<Progress> = { readonly acknowledge: (progress: Progress) => void }

/**
 * The way of one agent stream's files to the emit: at most one batch on its way and one being collected. When both are
 * full its files are not read, which is the back-pressure.
 */
export type Lane = {
  readonly collector: Collector
  readonly streamOf: (labels: LabelSet) => LineStream
  /** Notes how far something is read; it is acknowledged with the batch that is being collected, and what was noted of it before with it. */
  readonly advance: <Progress>(followed: Followed<Progress>, progress: Progress) => void
  /** No more lines until the batch on its way is acknowledged. */
  readonly full: () => boolean
  readonly sending: () => boolean
  /** Nothing collected, nothing on its way. */
  readonly idle: () => boolean
  /** Hands over what is collected when it is due: full, older than the wait, or `now` is undefined (at the stop). */
  readonly dispatch: (nowMs: number | undefined) => void
  /** When the collected lines become due, milliseconds; Infinity when there are none. */
  readonly dueMs: () => number
  /** Resolves when nothing is on its way any more. @throws what emit rejected with. */
  readonly settled: () => Promise<void>
}

export type LaneOptions = {
  /** Name of the agent stream. */
  readonly stream: string
  /** Encoded bytes of a batch, at most; only an entry that is larger by itself makes a larger one. */
  readonly batchBytes: number
  readonly batchWaitMs: number
  readonly maxLineBytes: number
  readonly labelLimits: LabelLimits
  readonly offended: OffendedLabels
  /** The steady clock, milliseconds: all times are of it. */
  readonly now: () => number
  readonly emit: Emit
  readonly signal: AbortSignal
  /** Called when a batch was acknowledged, or when emit failed. */
  readonly onSettled: (error: unknown) => void
}

/** A batch is handed over when so much of it is full: the line that fills it should not begin another. */
const FULL = 15 / 16

export function createLane(options: LaneOptions): Lane {
  const collector = new Collector(options.batchBytes + options.maxLineBytes + 1024)
  const streamOf = createStreams({ limits: options.labelLimits, offended: options.offended })
  let reached = new Map<unknown, () => void>()
  let collectingSince = Number.POSITIVE_INFINITY
  let sending: Promise<void> | undefined

  const send = async (acknowledgements: Iterable<() => void>): Promise<void> => {
    for (const { tenant, refused, body, entries, newestMs } of collector.take(options.batchBytes)) {
      const batch = {
        kind: 'logs',
        body,
        records: entries,
        newestMs,
        stream: options.stream,
        ...(tenant === '' ? {} : { tenant }),
        ...(refused === '' ? {} : { refused }),
      } as const
      await options.emit(batch, options.signal)
    }
    for (const acknowledge of acknowledgements) acknowledge()
  }

  const lane: Lane = {
    collector,
    streamOf,
    advance: (followed, progress) => {
      reached.set(followed, () => followed.acknowledge(progress))
      if (collectingSince === Number.POSITIVE_INFINITY) collectingSince = options.now()
    },
    full: () => collector.length >= options.batchBytes * FULL,
    sending: () => sending !== undefined,
    idle: () => sending === undefined && reached.size === 0,
    dueMs: () => (sending === undefined ? collectingSince + options.batchWaitMs : Number.POSITIVE_INFINITY),
    dispatch: (nowMs) => {
      if (sending !== undefined || reached.size === 0) return
      const waits = nowMs !== undefined && nowMs < collectingSince + options.batchWaitMs
      if (waits && !lane.full()) return
      const acknowledgements = reached.values()
      reached = new Map()
      collectingSince = Number.POSITIVE_INFINITY
      sending = send(acknowledgements).finally(() => {
        sending = undefined
      })
      sending.then(
        () => options.onSettled(undefined),
        (error: unknown) => options.onSettled(error),
      )
    },
    settled: async () => {
      await sending
    },
  }
  return lane
}
