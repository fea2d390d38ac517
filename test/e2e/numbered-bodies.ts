import { compress, encodeWriteRequest, spliceBlocks } from '@clymene/wire'

import { makeBlocks } from '../bench/traffic.ts'

/** Remote write bodies, each of 2,000 series and one more that carries the number. The same number gives the same bytes. */
export function createNumberedBodies(): (number: number) => Buffer {
  const blocks = makeBlocks()
  return (number) => {
    const series = [{ labels: [['__name__', 'numbered']] as const, samples: [{ timestampMs: 1_700_000_000_000, value: number }] }]
    return spliceBlocks([blocks[number % blocks.length]!, compress(encodeWriteRequest(series))])
  }
}
