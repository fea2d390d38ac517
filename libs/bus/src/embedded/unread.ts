import { offsetAt, recordsAt, statedBytes, timestampAt } from './record.ts'
import { SEGMENT_HEADER_BYTES } from './segment-file.ts'
import type { Segment } from './segment.ts'

/** How much it is that somebody did not read. */
export type Unread = {
  readonly messages: number
  /** Samples or entries inside, as the messages say. */
  readonly samples: number
  /** When the first and the last of them were appended, milliseconds since the epoch. */
  readonly oldestMs: number
  readonly newestMs: number
}

/** What is read of the file at once; a message may be longer. */
const STEP_BYTES = 1024 ** 2

/**
 * Counts the messages of a segment from offset `from` on. Where its bytes are damaged, or cannot be read, the rest counts as messages
 * whose samples nobody knows.
 */
export async function unreadOf({ file, base, end, length, oldestMs = 0, newestMs = 0 }: Segment, from: number): Promise<Unread> {
  const first = Math.max(from, base)
  const found = { samples: 0, oldestMs: Infinity, newestMs: -Infinity }
  let next = base
  let position = SEGMENT_HEADER_BYTES
  let step = STEP_BYTES
  while (next < end && position < length) {
    const bytes = await file.read(position, Math.min(step, length - position)).catch(() => undefined)
    if (bytes === undefined) break
    let at = 0
    while (next < end && at + statedBytes(bytes, at) <= bytes.length && offsetAt(bytes, at) === next) {
      if (next >= first) {
        found.samples += recordsAt(bytes, at)
        found.oldestMs = Math.min(found.oldestMs, timestampAt(bytes, at))
        found.newestMs = Math.max(found.newestMs, timestampAt(bytes, at))
      }
      at += statedBytes(bytes, at)
      next++
    }
    // Longer than a step: the next one is as long as it says. Else it is damaged.
    const stated = at === 0 ? statedBytes(bytes, 0) : STEP_BYTES
    if (at === 0 && (stated <= step || stated > length - position)) break
    step = Math.max(STEP_BYTES, stated)
    position += at
  }
  const isKnown = found.oldestMs <= found.newestMs
  return {
    messages: Math.max(0, end - first),
    samples: found.samples,
    oldestMs: isKnown ? found.oldestMs : oldestMs,
    newestMs: isKnown ? found.newestMs : newestMs,
  }
}

export const addUnread = (a: Unread, b: Unread): Unread => ({
  messages: a.messages + b.messages,
  samples: a.samples + b.samples,
  oldestMs: Math.min(a.oldestMs, b.oldestMs),
  newestMs: Math.max(a.newestMs, b.newestMs),
})
