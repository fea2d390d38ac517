import { RetryableError, type Bus, type BusRecord, type EnvelopeHeaders } from '@clymene/model'

/** One partition of a topic, with retention. */
export function createFakeLog(topic = 't', partition = 0) {
  const records: BusRecord[] = []
  let start = 0
  const failures: Error[] = []
  const reads: number[] = []
  const ends: number[] = []
  const read: Bus['read'] = async function* (_topic, _partition, from, to, signal) {
    reads.push(Number(from))
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    const end = Math.min(Number(to), ends.shift() ?? records.length)
    // Two at a time, so that a reading can be cut short in its middle.
    for (let at = Math.max(Number(from), start); at < end; at += 2) {
      signal.throwIfAborted()
      await Promise.resolve()
      yield records.slice(at, Math.min(at + 2, end))
    }
  }
  return {
    records,
    read,
    /** From where it was read again. */
    reads,
    failNextRead: (error: Error = new RetryableError('the bus is away')) => void failures.push(error),
    /** Who leads it now does not know of all that is in it. */
    endNextReadsBefore: (...offsets: readonly number[]) => void ends.push(...offsets),
    append: (headers: EnvelopeHeaders, key = `${headers.cluster}/${headers.agent}`, timestampMs = 1000 + records.length): BusRecord => {
      const origin = { logId: 'l', topic, partition, offset: BigInt(records.length), timestampMs }
      const record: BusRecord = { kind: 'metrics', key, value: Buffer.from('x'), headers: { records: 10, ...headers }, origin }
      records.push(record)
      return record
    },
    /** What lies before is gone. */
    deleteBefore: (offset: number) => {
      start = Math.max(start, Math.min(offset, records.length))
    },
    start: () => start,
    end: () => records.length,
    isThere: (offset: number) => offset >= start && offset < records.length,
  }
}

export type FakeLog = ReturnType<typeof createFakeLog>
