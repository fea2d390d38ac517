import { errorMessage, type BatchHandler, type Logger } from '@clymene/model'
import { createOnceIn, isAbort, retry } from '@clymene/runtime'

import { consumePartition } from './consume-partition.ts'
import type { GroupOffsets } from './group-offsets.ts'
import { toPathName } from './path-name.ts'
import type { Topic } from './topics.ts'
import type { Waiting } from './waiting.ts'

export type Consumers = {
  /** {@link Bus.consume}. A second consumption of the same group and topic at a time is an Error. */
  readonly consume: (topic: string, group: string, handle: BatchHandler, signal: AbortSignal) => Promise<void>
  readonly isAtWork: (topic: string, group: string) => boolean
  /** Stops every consumption as its own signal would, or, with a failure, at once: they reject with it. Resolves when all have ended. */
  readonly stop: (failure?: Error) => Promise<void>
}

export type ConsumersOptions = {
  readonly openTopic: (name: string) => Promise<Topic>
  readonly offsets: GroupOffsets
  readonly waiting: Waiting
  readonly batchBytes: number
  readonly drainMs: number
  readonly logger: Logger
}

export function createConsumers({ openTopic, offsets, waiting, batchBytes, drainMs, logger }: ConsumersOptions): Consumers {
  const atWork = new Map<string, Promise<void>>()
  const stopping = new AbortController()
  let broken: { readonly error: Error } | undefined
  const once = createOnceIn(60_000)

  const commit = async (group: string, topic: string, partition: number, offset: number): Promise<void> => {
    try {
      await offsets.commit(group, topic, partition, offset)
    } catch (error) {
      // The next commit says more than this one: nothing is lost, a crash before it repeats a batch.
      once(`${group}/${topic}`, () => logger.error('a commit failed', { group, topic, partition, error: errorMessage(error) }))
    }
  }
  const run = async (name: string, group: string, handle: BatchHandler, signal: AbortSignal): Promise<void> => {
    const failed = new AbortController()
    const patience = new AbortController()
    const stop = AbortSignal.any([signal, stopping.signal, failed.signal])
    let failure: { readonly error: unknown } | undefined
    let timer: NodeJS.Timeout | undefined
    const drain = (): void => {
      timer = setTimeout(() => patience.abort(stop.reason), (failure ?? broken) === undefined ? drainMs : 0)
    }
    const topic = await openWhenPossible(name, stop)
    if (topic === undefined || stop.aborted) {
      if (broken !== undefined) throw broken.error
      return
    }
    stop.addEventListener('abort', drain, { once: true })
    const one = async ({ log }: Topic['partitions'][number], partition: number): Promise<void> => {
      try {
        const committed = offsets.committed(group, name, partition)
        const from = committed ?? log.start()
        // Known from now on: what it has not read is not deleted in silence.
        await commit(group, name, partition, from)
        await consumePartition(
          {
            log,
            from,
            committed,
            batchBytes,
            handle,
            commit: (offset) => commit(group, name, partition, offset),
            waiting: (sinceMs) => waiting.set(group, name, partition, sinceMs),
          },
          stop,
          patience.signal,
        )
      } catch (error) {
        failure ??= { error }
        failed.abort(error)
      }
    }
    await Promise.all(topic.partitions.map(one))
    stop.removeEventListener('abort', drain)
    clearTimeout(timer)
    failure ??= broken
    if (failure !== undefined) throw failure.error
  }
  /** A topic cannot be made on a full disk: its consumer waits until there is room. */
  const openWhenPossible = async (name: string, stop: AbortSignal): Promise<Topic | undefined> => {
    try {
      return await retry(() => openTopic(name), { backoff: { minMs: 100, maxMs: 5000, attempts: Infinity } }, stop)
    } catch (error) {
      if (isAbort(error, stop)) return undefined
      throw error
    }
  }
  return {
    consume: async (topic, group, handle, signal) => {
      // Commits that fail are no reason to stop, but this one would never work.
      toPathName(group)
      const key = keyOf(topic, group)
      if (atWork.has(key)) throw new Error(`group ${group} consumes topic ${topic} already: expected one consumer of a group`)
      const running = run(topic, group, handle, signal)
      atWork.set(key, running)
      try {
        await running
      } finally {
        atWork.delete(key)
      }
    },
    isAtWork: (topic, group) => atWork.has(keyOf(topic, group)),
    stop: async (failure) => {
      if (failure !== undefined && !stopping.signal.aborted) broken = { error: failure }
      stopping.abort(failure ?? new DOMException('the bus is closing', 'AbortError'))
      await Promise.allSettled(atWork.values())
    },
  }
}

const keyOf = (topic: string, group: string): string => JSON.stringify([topic, group])
