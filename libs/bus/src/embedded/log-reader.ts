import type { BusRecord } from '@clymene/model'

import type { PartitionLog } from './partition-log.ts'
import { decodeRecord, offsetAt, statedBytes } from './record.ts'
import { findRecord, recordBytes, scanRecords } from './scan.ts'
import { SEGMENT_HEADER_BYTES } from './segment-file.ts'
import type { Segment } from './segment.ts'

/** Records in the order of their offsets, never none, and the offset to go on from. */
export type ReadBatch = {
  readonly records: readonly BusRecord[]
  readonly end: number
  readonly bytes: number
  /** What the values are views of. */
  readonly buffers: readonly Buffer[]
  /** Records right before these that retention deleted before they were read. */
  readonly expired: number
}

export type LogReader = {
  /** Offset of the next record to read. */
  readonly offset: () => number
  /**
   * The next records, about `maxBytes` of them, at least one; undefined when all that is visible has been read. What was
   * deleted meanwhile is passed over; damaged records are reported to the log and passed over.
   */
  readonly next: (maxBytes: number) => Promise<ReadBatch | undefined>
}

type Cursor = { readonly segment: Segment; readonly position: number }
/** A segment as it was when reading began at `position`. */
type View = Cursor & { readonly length: number; readonly end: number }

export function createLogReader(log: PartitionLog, from: number): LogReader {
  let offset = from
  /** Where `offset` is, once it was looked up. */
  let cursor: Cursor | undefined
  let expired = 0

  const locate = async (): Promise<Cursor | undefined> => {
    if (cursor !== undefined && log.segments.includes(cursor.segment)) return cursor
    if (offset < log.start()) {
      // Between the end of the deleted ones and the start nothing was ever written (a power cut).
      expired += Math.max(0, (log.segments[0]?.previousEnd ?? 0) - offset)
      offset = log.start()
    }
    const segment = log.segments.findLast(({ base }) => base <= offset)
    if (segment === undefined) return undefined
    if (offset === segment.base) return { segment, position: SEGMENT_HEADER_BYTES }
    const bytes = await segment.file.read(0, segment.length)
    const { length, end } = scanRecords(bytes, SEGMENT_HEADER_BYTES, segment.base, offset)
    // Between two readable records: the reading that follows finds out how many are damaged.
    offset = end
    return { segment, position: length }
  }
  /** Goes on behind what `view` shows of the segment; what was not read of it until there is damaged. */
  const leave = ({ segment, position, length, end }: View): boolean => {
    if (offset < end) log.damaged(segment.file.path, { position, firstOffset: offset, records: end - offset })
    const next = log.segments[log.segments.indexOf(segment) + 1]
    const stays = next === undefined || segment.end > end
    if (stays && offset >= end) return false
    offset = stays ? end : next.base
    cursor = stays ? { segment, position: length } : { segment: next, position: SEGMENT_HEADER_BYTES }
    return true
  }
  /** Passes over a damaged place; false when nothing readable is behind it. */
  const passDamage = async ({ segment, position, length, end }: View): Promise<boolean> => {
    const bytes = await segment.file.read(position, length - position)
    const at = findRecord(bytes, 0, offset)
    if (at === undefined || offsetAt(bytes, at) >= end) return false
    log.damaged(segment.file.path, { position, firstOffset: offset, records: offsetAt(bytes, at) - offset })
    offset = offsetAt(bytes, at)
    cursor = { segment, position: position + at }
    return true
  }
  const read = async (maxBytes: number): Promise<ReadBatch | 'again' | undefined> => {
    cursor = await locate()
    if (cursor === undefined) return undefined
    const { segment, position } = cursor
    // Both at one time: the segment may grow while it is read.
    const view: View = { segment, position, length: segment.length, end: segment.end }
    if (offset >= view.end) return leave(view) ? 'again' : undefined
    const left = view.length - position
    let bytes = await segment.file.read(position, Math.min(maxBytes, left))
    const first = statedBytes(bytes, 0)
    if (first > bytes.length && first <= left) bytes = await segment.file.read(position, first)
    const records: BusRecord[] = []
    let at = 0
    while (offset + records.length < view.end) {
      const size = recordBytes(bytes, at, offset + records.length)
      if (size === 0) break
      records.push(decodeRecord(bytes, at, size, log.place))
      at += size
    }
    if (records.length === 0) {
      if (!(await passDamage(view))) leave(view)
      return 'again'
    }
    offset += records.length
    cursor = { segment, position: position + at }
    const batch = { records, end: offset, bytes: at, buffers: [bytes], expired }
    expired = 0
    return batch
  }
  return {
    offset: () => offset,
    next: async (maxBytes) => {
      for (;;) {
        try {
          const batch = await read(maxBytes)
          if (batch !== 'again') return batch
        } catch (error) {
          // Deleted by the retention while it was read: the oldest that is left comes next.
          if (offset >= log.start()) throw error
          cursor = undefined
        }
      }
    },
  }
}
