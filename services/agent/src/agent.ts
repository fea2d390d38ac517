import { setTimeout as sleep } from 'node:timers/promises'

import type { Bus, Kind, Logger, Source } from '@clymene/model'
import { isAbort, type Backoff, type Metrics, type Readiness } from '@clymene/runtime'
import { createDelivery, type StorageTarget } from '@clymene/storages'

import type { AgentBooks } from './books.ts'
import { createEnvelopes, emitToBuffer, emitToStorage, type Identity, type Sequences } from './outlet.ts'
import { together, type Part } from './together.ts'

export type AgentOptions = {
  readonly identity: Identity
  /** What gives samples; all of it goes through the buffer. */
  readonly metricSources: readonly Source[]
  /** Makes the reader of the files for one storage: each storage has its own positions. */
  readonly logSource: ((storage: string) => Source) | undefined
  readonly sinks: ReadonlyMap<Kind, readonly StorageTarget[]>
  readonly buffer: Bus
  readonly sequences: Sequences
  /** Absent where nobody asks what became of the messages. */
  readonly books?: Pick<AgentBooks, 'ledger' | 'refused' | 'direct'>
  readonly drainTimeoutMs: number
  readonly logBackoff: Partial<Backoff>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly readiness: Readiness
}

export type Agent = {
  /**
   * Collects until the signal aborts; then takes in what is left, goes on sending for a while, and resolves. Rejects, when
   * everything has ended, with the failure of a source or of the buffer: then nobody would collect or deliver any more.
   */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Topics of the buffer. */
export const METRICS_TOPIC = 'metrics'
const LOGS_TOPIC = 'logs'

export function createAgent(options: AgentOptions): Agent {
  const { identity, metricSources, logSource, sinks, buffer, sequences, books, drainTimeoutMs, logBackoff, metrics, logger, readiness } =
    options
  readiness.watch('buffer', () => buffer.unavailable())

  // The tenant is what the flags of the logs say; samples have none of their own.
  const emitSamples = emitToBuffer(buffer, METRICS_TOPIC, createEnvelopes({ ...identity, tenant: '' }, sequences, 'buffer'), books?.refused)
  const collectMetrics = metricSources.map(
    (source): Part =>
      (signal) =>
        source.run(emitSamples, signal),
  )
  const collectLogs = (logSource === undefined ? [] : (sinks.get('logs') ?? [])).map(({ storage, sink }): Part => {
    const where = { kind: 'logs', storage, sink, buffer, topic: LOGS_TOPIC } as const
    const account = books?.direct.get(storage)
    const emit = emitToStorage(
      { ...where, metrics, logger, backoff: logBackoff, readiness, account },
      createEnvelopes(identity, sequences, storage),
    )
    return (signal) => logSource?.(storage).run(emit, signal) ?? Promise.resolve()
  })
  const metricTargets = sinks.get('metrics') ?? []
  const deliver = metricTargets.map(
    ({ storage, sink, storesParts }): Part =>
      createDelivery({
        bus: buffer,
        topic: METRICS_TOPIC,
        group: storage,
        kind: 'metrics',
        storage,
        sink,
        storesParts,
        metrics,
        logger,
        readiness,
        ledger: books?.ledger,
      }).run,
  )

  return {
    run: async (signal) => {
      const deliveryEnd = new AbortController()
      const deliveryFailed = new AbortController()
      const delivery = together(deliver, deliveryEnd.signal)
      delivery.catch(() => deliveryFailed.abort())
      signal.addEventListener('abort', readiness.stopping, { once: true })
      readiness.set('start', undefined)
      try {
        await together([...collectMetrics, ...collectLogs], AbortSignal.any([signal, deliveryFailed.signal]))
        const groups = deliveryFailed.signal.aborted ? [] : metricTargets.map(({ storage }) => storage)
        await drained(buffer, groups, drainTimeoutMs, logger)
      } finally {
        signal.removeEventListener('abort', readiness.stopping)
        readiness.stopping()
        deliveryEnd.abort()
        await delivery
      }
    },
  }
}

/** Waits until every group has what the buffer holds, or patience ends; what is left is sent after the next start. */
async function drained(buffer: Bus, groups: readonly string[], timeoutMs: number, logger: Logger): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs)
  let left = 0n
  try {
    for (;;) {
      const lags = await Promise.all(groups.map((group) => buffer.lag(METRICS_TOPIC, group, deadline)))
      left = lags.flat().reduce((sum, { committed, end }) => sum + (end - committed), 0n)
      if (left === 0n) return
      await sleep(20, undefined, { signal: deadline })
    }
  } catch (error) {
    if (!isAbort(error, deadline)) throw error
    logger.warn('stopped before everything was sent; the rest stays in the buffer', { messages: left })
  }
}
