import { setTimeout as sleep } from 'node:timers/promises'

import { KINDS, type Bus, type Emit, type Kind, type Logger, type Source } from '@clymene/model'
import { isAbort, type Backoff, type Metrics, type Readiness } from '@clymene/runtime'
import { createDeadLetters, createDelivery, type StorageTarget } from '@clymene/storages'

import type { AgentBooks } from './books.ts'
import { createEnvelopes, emitToBuffer, emitToStorage, type Identity, type Sequences } from './outlet.ts'
import { together, type Part } from './together.ts'

export type AgentOptions = {
  readonly identity: Identity
  /** What cannot be read again: scrapes, events, what is pushed. All of it, samples and lines, goes through the buffer. */
  readonly bufferedSources: readonly Source[]
  /** Makes the reader of the files for one storage: each storage has its own positions. */
  readonly logSource: ((storage: string) => Source | undefined) | undefined
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
   * Collects until the signal aborts; then takes in what is left, goes on sending for a while, and resolves. So it does when all sources have ended by
   * themselves, but then it sends until everything is sent or the signal aborts. Rejects, when
   * everything has ended, with the failure of a source or of the buffer: then nobody would collect or deliver any more.
   */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Topics of the buffer. Dead letters of a kind stand beside it, whichever way its messages go. */
export const BUFFER_TOPICS: Readonly<Record<Kind, string>> = { metrics: 'metrics', logs: 'logs' }

export function createAgent(options: AgentOptions): Agent {
  const { identity, bufferedSources, logSource, sinks, buffer, sequences, books, drainTimeoutMs, logBackoff, metrics, logger, readiness } =
    options
  readiness.watch('buffer', () => buffer.unavailable())

  const emits: Readonly<Record<Kind, Emit>> = {
    // The tenant is what the flags of the logs say; samples have none of their own.
    metrics: emitToBuffer({
      buffer,
      topic: BUFFER_TOPICS.metrics,
      envelopeOf: createEnvelopes({ ...identity, tenant: '' }, sequences, 'buffer'),
      refused: books?.refused.metrics,
    }),
    logs: emitToBuffer({
      buffer,
      topic: BUFFER_TOPICS.logs,
      envelopeOf: createEnvelopes(identity, sequences, 'buffer'),
      // Files have the plain names, with numbers of their own.
      streamPrefix: 'buffer.',
      deadLetters: (sinks.get('logs') ?? []).map(({ storage }) =>
        createDeadLetters({
          bus: buffer,
          topic: BUFFER_TOPICS.logs,
          storage,
          kind: 'logs',
          metrics,
          logger,
          readiness: fromAgent(readiness),
        }),
      ),
      refused: books?.refused.logs,
    }),
  }
  const collect = bufferedSources.map(
    (source): Part =>
      (signal) =>
        source.run((batch, inner) => emits[batch.kind](batch, inner), signal),
  )
  const collectLogs = (logSource === undefined ? [] : (sinks.get('logs') ?? [])).map(({ storage, sink, onReturn }): Part => {
    const where = { kind: 'logs', storage, sink, onReturn, buffer, topic: BUFFER_TOPICS.logs } as const
    const account = books?.direct.get(storage)
    const emit = emitToStorage(
      { ...where, metrics, logger, backoff: logBackoff, readiness, account },
      createEnvelopes(identity, sequences, storage),
    )
    return (signal) => logSource?.(storage)?.run(emit, signal) ?? Promise.resolve()
  })
  const ways = KINDS.flatMap((kind) => (sinks.get(kind) ?? []).map((target) => ({ kind, topic: BUFFER_TOPICS[kind], ...target })))
  const deliver = ways.map(({ storage, ...way }): Part => {
    const common = {
      bus: buffer,
      group: storage,
      storage,
      metrics,
      logger,
      readiness: fromBuffer(readiness, way.kind),
      ledger: books?.ledger,
    }
    return createDelivery({ ...common, ...way }).run
  })

  return {
    run: async (signal) => {
      const deliveryEnd = new AbortController()
      const deliveryFailed = new AbortController()
      const delivery = together(deliver, deliveryEnd.signal)
      delivery.catch(() => deliveryFailed.abort())
      signal.addEventListener('abort', readiness.stopping, { once: true })
      readiness.set('start', undefined)
      try {
        await together([...collect, ...collectLogs], AbortSignal.any([signal, deliveryFailed.signal]))
        await drained({ buffer, ways, timeoutMs: drainTimeoutMs, logger, stop: signal, failed: deliveryFailed.signal })
      } finally {
        signal.removeEventListener('abort', readiness.stopping)
        readiness.stopping()
        deliveryEnd.abort()
        await delivery
      }
    },
  }
}

/** Lines go to a storage by two ways, from files and from the buffer: what is wrong with either is told under its own name. */
const fromBuffer = (readiness: Readiness, kind: Kind): Pick<Readiness, 'watch'> =>
  kind === 'metrics' ? readiness : { watch: (name, reason) => readiness.watch(`${name} from the buffer`, reason) }

/** Letters about lines that no storage was asked to take. */
const fromAgent = (readiness: Readiness): Pick<Readiness, 'watch'> => ({
  watch: (name, reason) => readiness.watch(`${name} refused by the agent`, reason),
})

type DrainOptions = {
  readonly buffer: Bus
  readonly ways: readonly { readonly topic: string; readonly storage: string }[]
  readonly timeoutMs: number
  readonly logger: Logger
  /** Patience begins when it aborts. */
  readonly stop: AbortSignal
  /** Nothing is delivered any more. */
  readonly failed: AbortSignal
}

/** Waits until every group has what the buffer holds, or patience ends; what is left is sent after the next start. */
async function drained({ buffer, ways, timeoutMs, logger, stop, failed }: DrainOptions): Promise<void> {
  if (failed.aborted) return
  const patience = new AbortController()
  const deadline = AbortSignal.any([patience.signal, failed])
  let timer: NodeJS.Timeout | undefined
  const begin = (): void => {
    timer = setTimeout(() => patience.abort(), timeoutMs)
  }
  if (stop.aborted) begin()
  else stop.addEventListener('abort', begin, { once: true })
  let left = 0n
  try {
    for (;;) {
      const lags = await Promise.all(ways.map(({ topic, storage }) => buffer.lag(topic, storage, deadline)))
      left = lags.flat().reduce((sum, { committed, end }) => sum + (end - committed), 0n)
      if (left === 0n) return
      await sleep(20, undefined, { signal: deadline })
    }
  } catch (error) {
    if (!isAbort(error, deadline)) throw error
    logger.warn('stopped before everything was sent; the rest stays in the buffer', { messages: left })
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', begin)
  }
}
