import type { Cursor } from './line-reader.ts'

/** Where in which file the lines begin that stages hold, so that a restart reads them again. */
export type HeldLines = {
  /** Lines of this file come next: gives what to add to the place of a line to get its origin. */
  readonly enter: (cursor: Cursor) => number
  /**
   * Lines were taken up to the cursor that was entered last; stages hold none that begins before `origin`, and `all` that begin from there on
   * if that is so, or if it is better to take them all for held. Sets `heldFrom` and `quietTo` of all cursors.
   */
  readonly settle: (origin: number, all: boolean) => void
}

/** Lines of one file that were read without those of another in between. */
type Stretch = { readonly cursor: Cursor; readonly base: number; readonly start: number; end: number }

/**
 * The files of a path go through the same stages one after the other, in turns while late lines come to one that was rotated.
 * Origins grow from line to line over all of them.
 */
export function createHeldLines(): HeldLines {
  let stretches: Stretch[] = []
  let origin = 0
  return {
    enter: (cursor) => {
      const last = stretches.at(-1)
      if (last?.cursor === cursor && last.base + cursor.offset === origin) return last.base
      const base = origin - cursor.offset
      stretches.push({ cursor, base, start: origin, end: origin })
      return base
    },
    settle: (heldFrom, all) => {
      const current = stretches.at(-1)
      if (current === undefined) return
      origin = current.base + current.cursor.offset
      current.end = origin
      for (const { cursor } of stretches) cursor.heldFrom = cursor.quietTo = cursor.offset
      stretches = stretches.filter((stretch) => stretch === current || stretch.end > heldFrom)
      // The earliest stretch of a file decides.
      for (const { cursor, base, start, end } of stretches.toReversed()) cursor.heldFrom = Math.max(start, Math.min(heldFrom, end)) - base
      for (const { cursor } of stretches) cursor.quietTo = all ? cursor.heldFrom : cursor.offset
    },
  }
}
