import { compress, encodePushRequest, encodeWriteRequest, spliceBlocks } from '@clymene/wire'

import { makePushRequest } from './bodies.ts'
import { makeBlocks, SERIES } from './traffic.ts'

/** Samples and lines of one message. */
export const MESSAGE_SAMPLES = SERIES + 1
export const MESSAGE_LINES = 501

const MARK = 'outage_sent_at_ms='
const DIGITS = 13

/** Messages that say in their last series or line when they were made, as a text of 13 digits. */
export function createTimedMessages() {
  const blocks = makeBlocks()
  const lines = compress(makePushRequest({ streams: 20, entries: 25, timestampNs: 1_700_000_000_000_000_000n, seed: 3 }))
  let made = 0
  return {
    samples: (nowMs: number): Buffer => {
      const labels = [
        ['__name__', 'sent'],
        ['at', MARK + nowMs],
      ] as const
      const mark = encodeWriteRequest([{ labels, samples: [{ timestampMs: nowMs, value: 1 }] }])
      return spliceBlocks([blocks[made++ % blocks.length]!, compress(mark)])
    },
    lines: (nowMs: number): Buffer => {
      const entries = [{ timestampNs: BigInt(nowMs) * 1_000_000n, line: MARK + nowMs }]
      return spliceBlocks([lines, compress(encodePushRequest([{ labels: [['sent', 'yes']], entries }]))])
    },
  }
}

/** Of all messages of which the body is made. */
export function readSentTimes(body: Buffer): readonly number[] {
  const times: number[] = []
  for (let at = body.indexOf(MARK); at >= 0; at = body.indexOf(MARK, at + MARK.length)) {
    const start = at + MARK.length
    times.push(Number(body.toString('latin1', start, start + DIGITS)))
  }
  return times
}
