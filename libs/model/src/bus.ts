import type { BusRecord, Envelope } from './envelope.ts'

/**
 * Consecutive messages of one partition, in the order of their offsets. Empty only where a partition was taken over (`takeover`) that has no message
 * for the group: so that who keeps books brings those of its former member up to date. The first one with messages is then marked as well.
 */
export type PartitionBatch = {
  readonly topic: string
  readonly partition: number
  readonly records: readonly BusRecord[]
  /** First batch since this member took the partition over: what it holds may have been written, not committed, before. */
  readonly takeover: boolean
  /**
   * Of a batch with `takeover`: messages from this offset on came after this member took the partition over, so nobody can have
   * written them before. Absent where the bus does not know.
   */
  readonly repeatsBefore?: bigint
  /** Of a batch with `takeover`: where the group stood, the offset of the first message that it had not settled. Absent where it stood nowhere. */
  readonly committed?: bigint
  /**
   * Messages that retention deleted before the group had read them, right before the first record: their offsets lie behind those of
   * the batch before (`committed` of a batch with `takeover`) and before the first record's. Told once; absent when there are none.
   */
  readonly expired?: number
  /**
   * Commits the first `count` records of the batch while the handle goes on; never throws for a partition that was lost
   * meanwhile (the handle's signal tells). Optional to call: what is left is committed when the handle resolves.
   */
  readonly commit?: (count: number) => Promise<void>
  /**
   * Asks the bus whether the partition is still this member's, who may have been stopped for longer than its session without knowing
   * of it. When it is not, the handle's signal is aborted before this resolves. Absent where there are no other members.
   */
  readonly isOurs?: () => Promise<boolean>
  /**
   * Says that nobody will look at the values of the records any more, nor has views of them on the way to anywhere (a request that failed or was
   * aborted may still stand in a socket): from then on the bus may write something else into their memory. Optional to call, at most once; a
   * batch that was not released keeps its memory until the collector takes it. Absent where the bus does not use memory again.
   */
  readonly release?: () => void
}

/** Where a group stands in one partition. `end` is the offset that the next message will get. */
export type PartitionLag = {
  readonly partition: number
  readonly committed: bigint
  readonly end: bigint
  /** Offsets right before `committed` that retention deleted before the group had them. Absent: none, or the bus does not know. */
  readonly deleted?: bigint
}

export type Bus = {
  /**
   * Resolves when every envelope is durable (Kafka: acks=all), in the given order per key.
   *
   * @throws RetryableError when the bus is away, full or did not answer; what was sent may or may not be there.
   * @throws PermanentError when the bus refuses the content (a message over its limit).
   */
  readonly produce: (topic: string, envelopes: readonly Envelope[], signal: AbortSignal) => Promise<void>
  /**
   * Hands batches to `handle`, one pending call per partition, partitions side by side, and commits a batch once its
   * call resolved. A new group starts at the oldest message. When a partition is lost its `handle` signal is aborted and
   * nothing more is committed; a `handle` that rejects ends the consumption with that error.
   * Runs until `signal` aborts; then calls that are pending may finish within the caller's patience and are committed.
   */
  readonly consume: (topic: string, group: string, handle: BatchHandler, signal: AbortSignal) => Promise<void>
  /**
   * Records of one partition from offset `from` up to before `to`, a few at a time and in order, for no group: nothing is committed. What
   * retention deleted is left out. Ends early at the end of the log as it is when it gets there. Values may be views of memory that all of
   * one step share.
   *
   * @throws RetryableError when the bus is away, did not answer or has no such partition; the signal's reason.
   */
  readonly read: (topic: string, partition: number, from: bigint, to: bigint, signal: AbortSignal) => AsyncIterable<readonly BusRecord[]>
  /** Why the bus cannot be used now, for /readyz; undefined when it can. */
  readonly unavailable: () => string | undefined
  readonly lag: (topic: string, group: string, signal: AbortSignal) => Promise<readonly PartitionLag[]>
  /** Ends connections; what was produced is already safe. */
  readonly close: () => Promise<void>
}

export type BatchHandler = (batch: PartitionBatch, signal: AbortSignal) => Promise<void>
