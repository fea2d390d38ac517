import { PermanentError, RetryableError, type Bus, type Envelope } from '@clymene/model'

import { encodeRecord, type EncodedRecord } from './record.ts'
import type { Topics } from './topics.ts'

export type ProducerOptions = {
  readonly topics: Topics
  readonly maxMessageBytes: number
  readonly maxQueuedBytes: number
}

/** {@link Bus.produce}: calls that come while the disk is busy share the next write. */
export function createProducer({ topics, maxMessageBytes, maxQueuedBytes }: ProducerOptions): Bus['produce'] {
  const encode = (envelope: Envelope): EncodedRecord => {
    const record = encodeRecord(envelope)
    if (record.bytes > maxMessageBytes)
      throw new PermanentError(
        `a message of ${record.bytes} bytes, at most ${maxMessageBytes} are taken (key ${envelope.key.slice(0, 200)})`,
      )
    return record
  }
  return async (name, envelopes, signal) => {
    signal.throwIfAborted()
    if (envelopes.length === 0) return
    // All of them before the first is written: a call is refused whole.
    const records = envelopes.map((envelope) => ({ key: envelope.key, record: encode(envelope) }))
    const topic = await topics.open(name)
    const queued = topics.appenders().reduce((sum, appender) => sum + appender.queuedBytes(), 0)
    if (queued > maxQueuedBytes)
      throw new RetryableError(`the disk is slow: ${queued} bytes wait to be written, at most ${maxQueuedBytes} may`)
    const byPartition = Map.groupBy(records, ({ key }) => topic.partitionOf(key))
    await Promise.all(
      Array.from(byPartition, ([appender, list]) =>
        appender.append(
          list.map(({ record }) => record),
          signal,
        ),
      ),
    )
  }
}
