import type { Followed } from '../lines/lane.ts'
import { FINGERPRINT_BYTES, fingerprintOf } from './fingerprint.ts'
import type { Cursor } from './line-reader.ts'
import type { Position } from './positions.ts'

/** Where a file stands once what was collected of it is acknowledged. */
export type Progress = { readonly offset: number; readonly replayFrom: number }

/** Where a file is begun: as it was acknowledged, and, when its reading goes on from another file of the same text, the cursor of that. */
export type TailStart = Progress & { readonly cursor?: Cursor }

/** How far one file is read and acknowledged. */
export type TailState = Followed<Progress> & {
  readonly cursor: Cursor
  /** Its first bytes, as far as they are known. */
  readonly head: () => Buffer
  /** Bytes that were read at `offset`: the first ones are kept. */
  readonly note: (bytes: Buffer, offset: number) => void
  readonly progress: (held: number) => Progress
  readonly acknowledged: () => Progress
  readonly settled: () => boolean
  readonly position: (file: Pick<Position, 'job' | 'path' | 'device' | 'inode' | 'size' | 'seenMs'>) => Position
}

/** @param beginning the first bytes of the file, up to where reading begins at most. */
export function createTailState(from: TailStart, beginning: Buffer): TailState {
  const cursor: Cursor = from.cursor ?? {
    offset: from.replayFrom,
    heldFrom: from.replayFrom,
    quietTo: from.offset,
    skipping: false,
    quietUntil: from.offset,
  }
  let head = beginning
  let acknowledged: Progress = { offset: from.offset, replayFrom: from.replayFrom }
  let fingerprint = { bytes: 0, text: '' }

  return {
    cursor,
    head: () => head,
    note: (bytes, offset) => {
      if (head.length >= FINGERPRINT_BYTES || offset > head.length || offset + bytes.length <= head.length) return
      head = Buffer.concat([head, bytes.subarray(head.length - offset, FINGERPRINT_BYTES - offset)])
    },
    progress: (held) => {
      if (cursor.offset < cursor.quietUntil) return { offset: cursor.quietUntil, replayFrom: Math.min(cursor.heldFrom, cursor.offset) }
      const waits = held > 0 || cursor.skipping
      return waits ? { offset: cursor.quietTo, replayFrom: cursor.heldFrom } : { offset: cursor.offset, replayFrom: cursor.offset }
    },
    acknowledge: (reached) => {
      acknowledged = reached
    },
    acknowledged: () => acknowledged,
    settled: () => acknowledged.offset === cursor.offset && acknowledged.replayFrom === cursor.offset,
    position: ({ job, path, device, inode, size, seenMs }) => {
      const { offset, replayFrom } = acknowledged
      // Also of what is not read yet: the file may have another name by then.
      if (fingerprint.bytes !== head.length) fingerprint = { bytes: head.length, text: fingerprintOf(head) }
      return {
        job,
        path,
        device,
        inode,
        fingerprint: fingerprint.text,
        fingerprintBytes: head.length,
        offset,
        replayFrom,
        size: Math.max(size, offset),
        seenMs,
      }
    },
  }
}
