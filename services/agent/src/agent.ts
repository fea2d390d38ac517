import type { Bus, Kind, Logger, Source } from '@clymene/model'
import { isAbort, type Backoff, type Metrics, type Readiness } from '@clymene/runtime'
import { createDelivery, type StorageTarget } from '@clymene/storages'

import { createEnvelopes, emitToBuffer, emitToStorage, type Identity, type Sequences } from './outlet.ts'

export type AgentOptions = {
  readonly identity: Identity
  /** What gives samples; all of it goes through the buffer. */
  readonly metricSources: readonly Source[]
  /** Makes the reader of the files for one storage: each storage has its own positions. */
  readonly logSource: ((storage: string) => Source) | undefined
  readonly sinks: ReadonlyMap<Kind, readonly StorageTarget[]>
  readonly buffer: Bus
  readonly sequences: Sequences
  readonly drainTimeoutMs: number
  readonly logBackoff: Partial<Backoff>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly readiness: Readiness
}

export type Agent = {
  /** Collects until the signal aborts; then takes in what is left, goes on sending for a while, and resolves. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Topics of the buffer. */
const METRICS_TOPIC = 'metrics'
const LOGS_TOPIC = 'logs'

export function createAgent(options: AgentOptions): Agent {
  const { identity, metricSources, logSource, sinks, buffer, sequences, logBackoff, metrics, logger, readiness } = options
  readiness.watch('buffer', () => buffer.unavailable())

  const collectMetrics = (signal: AbortSignal): Promise<unknown> => {
    const emit = emitToBuffer(buffer, METRICS_TOPIC, createEnvelopes(identity, sequences, 'buffer'))
    return Promise.all(metricSources.map((source) => source.run(emit, signal)))
  }
  const collectLogs = async (signal: AbortSignal): Promise<void> => {
    if (logSource === undefined) return
    await Promise.all(
      (sinks.get('logs') ?? []).map(({ storage, sink }) => {
        const where = { kind: 'logs', storage, sink, buffer, topic: LOGS_TOPIC } as const
        const emit = emitToStorage({ ...where, metrics, logger, backoff: logBackoff }, createEnvelopes(identity, sequences, storage))
        return logSource(storage).run(emit, signal)
      }),
    )
  }
  const metricTargets = sinks.get('metrics') ?? []
  const deliver = (signal: AbortSignal): Promise<unknown> =>
    Promise.all(
      metricTargets.map(({ storage, sink, storesParts }) =>
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
        }).run(signal),
      ),
    )

  return {
    run: async (signal) => {
      const delivering = new AbortController()
      const delivered = deliver(delivering.signal)
      // A delivery that fails for good ends the agent: nobody would empty the buffer any more.
      const collecting = AbortSignal.any([signal, delivering.signal])
      delivered.catch(() => delivering.abort())
      readiness.set('start', undefined)
      try {
        await Promise.all([collectMetrics(collecting), collectLogs(collecting)])
        readiness.stopping()
        await drained(
          buffer,
          metricTargets.map(({ storage }) => storage),
          options.drainTimeoutMs,
          logger,
        )
      } finally {
        delivering.abort()
      }
      await delivered.catch((error: unknown) => {
        if (!isAbort(error, delivering.signal)) throw error
      })
    },
  }
}

/** Waits until every group has what the buffer holds, or patience ends; what is left is sent after the next start. */
async function drained(buffer: Bus, groups: readonly string[], timeoutMs: number, logger: Logger): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs)
  for (;;) {
    const lags = await Promise.all(groups.map((group) => buffer.lag(METRICS_TOPIC, group, deadline)))
    const left = lags.flat().reduce((sum, { committed, end }) => sum + (end - committed), 0n)
    if (left === 0n) return
    if (deadline.aborted) {
      logger.warn('stopped before everything was sent; the rest stays in the buffer', { messages: left })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
