import { setTimeout as sleep } from 'node:timers/promises'

import type { BatchHandler, BusRecord } from '@clymene/model'

import { createCommitter, type Committer, type CommitterOptions } from './committer.ts'
import type { Joined } from './internals.ts'
import { createPartitionReader, type PartitionReader } from './partition-reader.ts'
import type { PartitionTakeover } from './session-watch.ts'

export type AssignmentOptions = {
  readonly topic: string
  readonly batchBytes: number
  /** Default 0. */
  readonly batchWaitMs?: number
  readonly handle: BatchHandler
  readonly takeover: (partition: number) => PartitionTakeover
  readonly send: (offsets: Parameters<CommitterOptions['send']>[0], generation: Joined) => Promise<void>
  readonly onCommit: CommitterOptions['onOutcome']
  readonly onCommitted: (partition: number, messages: readonly BusRecord[], next: bigint) => void
  readonly onFailure: (error: unknown) => void
}

/** The partitions that this member has, over rebalances. */
export type Assignment = {
  readonly readers: () => Iterable<PartitionReader>
  readonly reader: (partition: number) => PartitionReader | undefined
  /** It is known where the group stands in these. */
  readonly greet: (partitions: readonly { readonly partition: number }[]) => void
  /** Partitions are about to be dealt out anew: no call starts from here on; those pending may finish for `patienceMs`. */
  readonly drain: (patienceMs: number) => Promise<void>
  readonly onJoined: (joined: Joined) => void
  /** @returns those that were kept, with what they have read. */
  readonly assign: (partitions: readonly number[]) => readonly PartitionReader[]
  readonly joining: () => boolean
  readonly nextAssignment: () => Promise<void>
  /** No call starts any more; resolves when those pending are finished and committed, or `patienceMs` later. */
  readonly finish: (patienceMs: number) => Promise<void>
  /** Everything is lost; resolves when the calls have returned. */
  readonly lose: (reason: Error) => Promise<void>
}

const DEALT_OUT = new Error('the partition was given to another member of the group')

export function createAssignment(options: AssignmentOptions): Assignment {
  const readers = new Map<number, PartitionReader>()
  /** Calls whose partition was lost and that have not returned yet. */
  const retiring = new Map<number, Promise<void>>()
  let generation: Joined | undefined
  /** The last generation whose assignment was seen. */
  let assigned: Joined | undefined
  let state: 'reading' | 'draining' | 'joining' | 'finishing' = 'joining'
  let next = Promise.withResolvers<void>()

  const committer: Committer = createCommitter({
    send: (offsets) => options.send(offsets, assigned!),
    joined: () => (state === 'joining' ? next.promise : Promise.resolve()),
    nextAssignment: () => next.promise,
    onOutcome: options.onCommit,
  })

  const retire = (reader: PartitionReader, reason: Error): void => {
    const { partition } = reader
    readers.delete(partition)
    committer.lose(partition)
    reader.lose(reason)
    const before = retiring.get(partition)
    const done = Promise.all([before, reader.idle()]).then(() => {
      if (retiring.get(partition) === done) retiring.delete(partition)
    })
    retiring.set(partition, done)
  }

  const open = (partition: number): void => {
    readers.set(
      partition,
      createPartitionReader({
        topic: options.topic,
        partition,
        batchBytes: options.batchBytes,
        batchWaitMs: options.batchWaitMs ?? 0,
        handle: options.handle,
        commit: (offset) => committer.commit(partition, offset),
        mayStart: () => state === 'reading',
        after: retiring.get(partition) ?? Promise.resolve(),
        takeover: () => options.takeover(partition),
        onCommitted: (messages, offset) => options.onCommitted(partition, messages, offset),
        onFailure: options.onFailure,
      }),
    )
  }

  const idle = (patienceMs: number): Promise<unknown> =>
    Promise.race([Promise.all([...readers.values()].map((reader) => reader.idle())), sleep(patienceMs, undefined, { ref: false })])

  return {
    readers: () => readers.values(),
    reader: (partition) => readers.get(partition),
    greet: (partitions) => partitions.forEach(({ partition }) => readers.get(partition)?.greet()),
    drain: async (patienceMs) => {
      if (state === 'reading') {
        state = 'draining'
        await idle(patienceMs)
      }
      if (state === 'draining') state = 'joining'
    },
    onJoined: (joined) => {
      generation = joined
    },
    assign: (partitions) => {
      // Nobody else can have had a partition in between only when this is the very next generation.
      const contiguous = assigned?.memberId === generation?.memberId && assigned?.generationId === generation!.generationId - 1
      assigned = generation
      for (const reader of readers.values()) if (!contiguous || !partitions.includes(reader.partition)) retire(reader, DEALT_OUT)
      const kept = [...readers.values()]
      for (const partition of partitions) if (!readers.has(partition)) open(partition)
      if (state !== 'finishing') state = 'reading'
      const { resolve } = next
      next = Promise.withResolvers()
      resolve()
      for (const reader of readers.values()) reader.kick()
      return kept
    },
    joining: () => state === 'draining' || state === 'joining',
    nextAssignment: () => next.promise,
    finish: async (patienceMs) => {
      state = 'finishing'
      await idle(patienceMs)
    },
    lose: async (reason) => {
      state = 'finishing'
      for (const reader of readers.values()) retire(reader, reason)
      await Promise.all(retiring.values())
    },
  }
}
