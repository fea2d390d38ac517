import { openArchive } from './archive.ts'
import type { LineReader } from './line-reader.ts'
import { type Content, type FileAt, openFile } from './siblings.ts'
import { createTailState, type TailStart } from './tail-state.ts'
import type { Reading, Tail } from './tail.ts'

export type ArchiveTailOptions = {
  readonly file: FileAt
  readonly content: Content
  readonly from: TailStart
  readonly onReady: () => void
  readonly onBroken: (error: Error, unreadBytes: number) => void
}

/** Text unpacked at once, at least. */
const PIECE_BYTES = 64 * 1024

/** A compressed file of a rotation: its text from where the original was left, to its end. Offsets are those of the text. */
export function openArchiveTail({ file, content, from, onReady, onBroken }: ArchiveTailOptions): Tail {
  const place = { device: file.device, inode: file.inode }
  // Also of what is not read yet: a later start knows the file by it, whatever it is called then.
  const state = createTailState(from, content.head)
  const { cursor } = state
  const archive = openArchive({ open: () => openFile(file), size: file.size, onReady, onBroken })
  /** Unpacked and not yet taken; it ends at `unpacked`. */
  let pending: Buffer = Buffer.alloc(0)
  let unpacked = 0
  let over = false

  /** False when there is nothing more at the moment. */
  const gather = (): boolean => {
    const enough = pending.length + PIECE_BYTES
    const pieces = [pending]
    let more = !over
    for (let length = pending.length; more && length < enough;) {
      const piece = archive.take()
      over = piece?.length === 0
      more = piece !== undefined && !over
      if (piece === undefined || over) break
      state.note(piece, unpacked)
      unpacked += piece.length
      const wanted = piece.subarray(Math.max(0, piece.length - (unpacked - cursor.offset)))
      pieces.push(wanted)
      length += wanted.length
    }
    pending = Buffer.concat(pieces)
    return more
  }
  const read = (reader: LineReader, _buffer: Buffer, final: boolean): Reading => {
    const more = gather()
    const before = cursor.offset
    if (pending.length > 0) reader.read(pending, cursor, over && final)
    pending = pending.subarray(cursor.offset - before)
    if (pending.includes(0x0a) || more) return 'some'
    if (!over) return 'waiting'
    return cursor.offset > before ? 'end' : 'idle'
  }
  const size = (): number => (over ? unpacked : Math.max(content.length, unpacked))
  const self: Tail = {
    ...place,
    ...state,
    read,
    look: () => 'whole',
    taken: () => ({ end: Buffer.alloc(0), length: 0 }),
    hasAt: () => true,
    again: () => self,
    complete: true,
    unchanged: () => over,
    size,
    sizeNow: size,
    modifiedNs: () => file.modifiedNs,
    settled: () => over && pending.length === 0 && state.settled(),
    position: (job, path, seenMs) => state.position({ job, path, ...place, size: size(), seenMs }),
    rest: () => undefined,
    resting: () => false,
    // What cannot be unpacked is told to who opened it.
    fault: () => undefined,
    giveUp: () => 0,
    reopen: () => true,
    close: archive.close,
  }
  return self
}
