import { setImmediate as nextRound } from 'node:timers/promises'

import type { Outgoing } from './outgoing.ts'

export type BatchLimits = {
  /** Bytes of one request; a single message may be larger. */
  readonly maxBytes: number
  readonly maxMessages: number
  /** How long a message may wait for others; 0 only waits for those that come in the same round of the event loop. */
  readonly lingerMs: number
  /** So many messages do not wait for more. */
  readonly minMessages: number
}

/** The queue of one partition: one request in flight, what comes meanwhile goes together in the next. */
export type PartitionLane = { readonly push: (message: Outgoing) => void; readonly idle: () => Promise<void> }

export type LaneOptions = {
  /** As they are now. */
  readonly limits: () => BatchLimits
  /** Settles the calls of all its messages and never rejects. */
  readonly deliver: (batch: readonly Outgoing[]) => Promise<void>
  /** The message left the lane, delivered or not: its memory is free. */
  readonly released: (message: Outgoing) => void
}

export function createPartitionLane({ limits, deliver, released }: LaneOptions): PartitionLane {
  let queue: Outgoing[] = []
  let bytes = 0
  let running: Promise<void> | undefined
  let full = Promise.withResolvers<void>()

  const isFull = (): boolean => {
    const { maxBytes, maxMessages, minMessages } = limits()
    return bytes >= maxBytes || queue.length >= maxMessages || (minMessages > 0 && queue.length >= minMessages)
  }

  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      await gather()
      const batch = takeBatch()
      if (batch.length > 0) await deliver(batch)
      for (const message of batch) released(message)
    }
    running = undefined
  }

  /** What waited for the request before has waited for others already. */
  const gather = async (): Promise<void> => {
    const waitMs = limits().lingerMs - (performance.now() - (queue[0]?.queuedAt ?? 0))
    if (waitMs <= 0 || isFull()) {
      await nextRound()
      return
    }
    full = Promise.withResolvers()
    const timer = setTimeout(full.resolve, waitMs)
    await full.promise
    clearTimeout(timer)
  }

  const takeBatch = (): readonly Outgoing[] => {
    const { maxBytes, maxMessages } = limits()
    const batch: Outgoing[] = []
    let size = 0
    let taken = 0
    for (const message of queue) {
      if (batch.length > 0 && (size + message.bytes > maxBytes || batch.length >= maxMessages)) break
      taken++
      bytes -= message.bytes
      // Its caller has gone, or another message of the same call failed: sent now it would only come twice, and late.
      if (message.call.settled()) {
        released(message)
        continue
      }
      batch.push(message)
      size += message.bytes
    }
    queue = queue.slice(taken)
    return batch
  }

  return {
    push: (message) => {
      queue.push(message)
      bytes += message.bytes
      if (isFull()) full.resolve()
      running ??= run()
    },
    idle: () => running ?? Promise.resolve(),
  }
}
