import { cutAt } from '../files/cut-lines.ts'
import type { LinePiece } from './line-pieces.ts'

/** Divides bytes as they come into lines; what is held of a line that has not ended is at most `maxLineBytes`. */
export type LineSplitter = {
  /** Lines without their line ends, LF or CRLF. They may share memory with what was given. */
  readonly push: (bytes: Buffer) => readonly LinePiece[]
  /** There are no more bytes: what followed the last line end. */
  readonly end: () => readonly LinePiece[]
}

export function createLineSplitter(maxLineBytes: number): LineSplitter {
  let rest: Buffer[] = []
  let held = 0
  let begins = true
  const keep = (bytes: Buffer): void => {
    if (bytes.length === 0) return
    // A copy: a few bytes would keep all that came with them.
    rest.push(Buffer.from(bytes))
    held += bytes.length
  }
  const taken = (bytes: Buffer): Buffer => {
    const all = held === 0 ? bytes : Buffer.concat([...rest, bytes])
    ;[rest, held] = [[], 0]
    return all
  }
  return {
    push: (bytes) => {
      const pieces: LinePiece[] = []
      const before = held
      const first = bytes.indexOf(LF)
      if (first === -1 && before + bytes.length <= maxLineBytes) {
        keep(bytes)
        return pieces
      }
      const all = taken(bytes)
      let begin = 0
      let feed = first === -1 ? -1 : before + first
      for (;;) {
        const limit = feed === -1 ? all.length : feed
        while (limit - begin > maxLineBytes) {
          const end = cutAt(all, begin, begin + maxLineBytes)
          pieces.push({ bytes: all.subarray(begin, end), begins, ends: false })
          ;[begin, begins] = [end, false]
        }
        if (feed === -1) break
        pieces.push({ bytes: withoutReturn(all.subarray(begin, feed)), begins, ends: true })
        ;[begin, begins] = [feed + 1, true]
        feed = all.indexOf(LF, begin)
      }
      keep(all.subarray(begin))
      return pieces
    },
    end: () => {
      const pieces = held === 0 && begins ? [] : [{ bytes: withoutReturn(taken(EMPTY)), begins, ends: true }]
      begins = true
      return pieces
    },
  }
}

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === CR ? line.subarray(0, -1) : line)

const EMPTY = Buffer.alloc(0)
const LF = 0x0a
const CR = 0x0d
