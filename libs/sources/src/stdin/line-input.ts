import type { LinePiece } from '../lines/line-pieces.ts'
import { createLineSplitter } from '../lines/line-splitter.ts'

/** Lines of a stream of bytes. Who reads it may change: what one did not get, the next one does. */
export type LineInput = {
  /** Some lines, in order; undefined after the last. Aborting loses none. @throws what the stream fails with, or the signal's reason */
  readonly next: (signal: AbortSignal) => Promise<readonly LinePiece[] | undefined>
}

export function createLineInput(stream: AsyncIterable<unknown>, maxLineBytes: number): LineInput {
  const splitter = createLineSplitter(maxLineBytes)
  const chunks = stream[Symbol.asyncIterator]()
  let pending: Promise<readonly LinePiece[] | undefined> | undefined
  let isOver = false

  const read = async (): Promise<readonly LinePiece[] | undefined> => {
    if (isOver) return undefined
    const { value, done } = await chunks.next()
    isOver = done === true
    if (isOver) return splitter.end()
    return Buffer.isBuffer(value) ? splitter.push(value) : []
  }
  return {
    next: async (signal) => {
      signal.throwIfAborted()
      if (pending === undefined) {
        pending = read()
        // It is told to the next one who asks.
        pending.catch(() => undefined)
      }
      const { promise: abort, reject } = Promise.withResolvers<never>()
      const onAbort = (): void => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        const pieces = await Promise.race([pending, abort])
        pending = undefined
        return pieces
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    },
  }
}
