import { setTimeout as sleep } from 'node:timers/promises'

import { type Emit, type LabelMap, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import {
  createPipeline,
  Extracted,
  type Inspect,
  type LabelSet,
  type PipelineEntry,
  type PipelineOptions,
  type StageConfig,
  type StageMetrics,
} from '@clymene/stages'

import { createDroppedLines } from './dropped-lines.ts'
import type { LabelLimits } from './label-limits.ts'
import { createLane } from './lane.ts'
import { encodeMetadata } from './metadata.ts'
import { createOffendedLabels } from './offended-labels.ts'
import { createSteadyClock } from './steady-clock.ts'

export type WrittenEntry = {
  readonly labels: LabelSet
  /** Nanoseconds since the epoch. */
  readonly timestampNs: bigint
  readonly line: string
  /** Structured metadata. */
  readonly metadata?: LabelMap
}

/** The way of entries that do not come from files: through stages, into batches, to the emit. */
export type EntryWriter = {
  /**
   * Takes an entry, once stages that limit the rate let it, and resolves when there is room for another, which is the back-pressure. `acknowledged` is called once the batch
   * that holds the entry was acknowledged, and everything that stages held of it or of entries before it; also when a stage dropped it.
   *
   * @throws what emit rejected with, from then on.
   */
  readonly write: (entry: WrittenEntry, acknowledged?: () => void) => Promise<void>
  /** Hands over everything, what stages hold too, and resolves when it is acknowledged. @throws what emit rejected with. */
  readonly finish: () => Promise<void>
}

export type EntryWriterOptions = {
  readonly stages: readonly StageConfig[]
  readonly batch: { readonly bytes: number; readonly waitMs: number }
  /** Name of the agent stream: entries of one stream stay in order. */
  readonly stream: string
  readonly labelLimits: LabelLimits
  /** Of lines that stages put together. Default 256 KiB. */
  readonly maxLineBytes?: number
  /** What becomes of the rest of those that are longer. Default: it is passed over. */
  readonly longLines?: NonNullable<PipelineOptions['longLines']>
  /** Told of each of them. */
  readonly onCut?: NonNullable<PipelineOptions['onCut']>
  readonly metrics: Metrics
  /** Told of what each stage does to each line. */
  readonly inspect?: Inspect
  /** Where `metrics` stages count. */
  readonly stageMetrics?: StageMetrics
  readonly logger: Logger
  /** Clock, milliseconds since the epoch. */
  readonly now: () => number
}

/** Stages that hold entries are asked this often whether one has waited long enough. */
const FLUSH_MS = 250
/** Entries that may pass while a stage holds an earlier one: none of them is acknowledged before it. */
const MAX_HELD_BACK = 10_000
const MAX_LINE_BYTES = 256 * 1024

export function createEntryWriter(options: EntryWriterOptions, emit: Emit, signal: AbortSignal): EntryWriter {
  const { stages, batch, stream, labelLimits, maxLineBytes = MAX_LINE_BYTES, longLines, onCut, metrics, inspect, stageMetrics } = options
  const { logger, now } = options
  const steadyNow = createSteadyClock(now)
  let failure: { readonly error: unknown } | undefined
  let timer: NodeJS.Timeout | undefined
  /** Told when the batch on its way has an answer. */
  let waiting: (() => void)[] = []
  const lane = createLane({
    stream,
    batchBytes: batch.bytes,
    batchWaitMs: batch.waitMs,
    maxLineBytes,
    labelLimits,
    offended: createOffendedLabels({ metrics, logger, now: steadyNow }),
    now: steadyNow,
    emit,
    signal,
    onSettled: (error) => {
      if (error !== undefined) failure ??= { error }
      const told = waiting
      waiting = []
      for (const go of told) go()
      if (failure === undefined) tick()
    },
  })
  const steadyNs = (): bigint => BigInt(steadyNow()) * 1_000_000n
  const pipeline = createPipeline(stages, {
    now: () => BigInt(now()) * 1_000_000n,
    steadyNow: steadyNs,
    maxLineBytes,
    ...(longLines === undefined ? {} : { longLines }),
    ...(onCut === undefined ? {} : { onCut }),
    dropped: createDroppedLines(metrics),
    ...(stageMetrics === undefined ? {} : { metrics: stageMetrics }),
    ...(inspect === undefined ? {} : { inspect }),
  })
  /** Entries written so far, and what is to be called about which of them. */
  let written = 0
  const owed: { readonly entry: number; readonly acknowledged: () => void }[] = []
  const progress = {
    acknowledge: (upTo: number) => {
      const first = owed.findIndex(({ entry }) => entry > upTo)
      for (const { acknowledged } of owed.splice(0, first === -1 ? owed.length : first)) acknowledged()
    },
  }

  const collect = (entries: readonly PipelineEntry[]): void => {
    for (const { labels, timestampNs, line, metadata } of entries) {
      lane.collector.appendText(lane.streamOf(labels), timestampNs, line, metadata === undefined ? undefined : encodeMetadata(metadata))
    }
    lane.advance(progress, Math.min(written, pipeline.heldFrom() - 1))
  }
  const flush = (nowNs?: bigint): void => collect(pipeline.flush(nowNs))
  const arm = (): void => {
    clearTimeout(timer)
    const waitMs = Math.min(lane.dueMs() - steadyNow(), pipeline.held() > 0 ? FLUSH_MS : Infinity)
    if (waitMs === Infinity || failure !== undefined) return
    timer = setTimeout(tick, Math.max(0, waitMs))
  }
  const tick = (): void => {
    if (pipeline.held() > 0) flush(steadyNs())
    lane.dispatch(steadyNow())
    arm()
  }
  /** Until stages want another entry. */
  const turn = async (): Promise<void> => {
    while (failure === undefined && !signal.aborted) {
      const waitMs = Number(pipeline.waitUntilNs()) / 1e6 - steadyNow()
      if (waitMs <= 0) return
      await sleep(Math.min(waitMs, 1000), undefined, { signal }).catch(() => undefined)
    }
  }
  const room = async (): Promise<void> => {
    while (lane.full() && failure === undefined) {
      lane.dispatch(steadyNow())
      if (lane.full()) await new Promise<void>((resolve) => waiting.push(resolve))
    }
    if (failure !== undefined) throw failure.error
  }

  return {
    write: async ({ labels, timestampNs, line, metadata }, acknowledged) => {
      await turn()
      await room()
      written++
      if (acknowledged !== undefined) owed.push({ entry: written, acknowledged })
      collect(
        pipeline.push({
          labels,
          timestampNs,
          line,
          extracted: new Extracted(labels),
          metadata: metadata && new Map(metadata),
          origin: written,
        }),
      )
      if (written - pipeline.heldFrom() >= MAX_HELD_BACK) flush()
      if (lane.full()) await room()
      arm()
    },
    finish: async () => {
      clearTimeout(timer)
      flush()
      while (failure === undefined && !lane.idle()) {
        lane.dispatch(undefined)
        await lane.settled().catch(() => undefined)
      }
      clearTimeout(timer)
      if (failure !== undefined) throw failure.error
    },
  }
}
