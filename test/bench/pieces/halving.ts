import { PROTOBUF, PermanentError, type Delivery } from '@clymene/model'
import { isolating } from '@clymene/storages'
import { spliceBlocks } from '@clymene/wire'

import { makeBlocks, SERIES } from '../traffic.ts'
import { repeatAsync, type PieceReading } from './repeat.ts'

/**
 * A body of sixteen messages in which the store refuses one sample, a different one each time: halved until all others are written.
 * The store is none: what counts is what the halving itself costs.
 */
export async function benchHalving(seconds: number): Promise<PieceReading> {
  const deliveries = makeBlocks().map((value, message): Delivery => {
    const origin = { logId: 'bench', topic: 't', partition: 0, offset: BigInt(message), timestampMs: 0 }
    return { kind: 'metrics', key: 'k', value, position: 0, origin, headers: { contentType: PROTOBUF, records: SERIES, scanned: true } }
  })
  const never = new AbortController().signal
  const samples = deliveries.length * SERIES
  let bad = 0
  let refusals = 0
  const sink = isolating(
    {
      write: async (written) => {
        spliceBlocks(written.map(({ value }) => value))
        if (written.some((piece) => holds(piece, bad))) throw new PermanentError('out of order sample', { status: 400 })
      },
    },
    { refuse: async () => void refusals++ },
  )
  return repeatAsync(seconds, async (round) => {
    // A prime, so that all places in all messages come.
    bad = (round * 7919) % samples
    refusals = 0
    await sink.write(deliveries, never)
    if (refusals !== 1) throw new Error(`one sample was to be refused, and ${refusals} were`)
    return samples
  })
}

function holds({ origin, position, headers }: Delivery, bad: number): boolean {
  const first = Number(origin?.offset) * SERIES + position
  return bad >= first && bad < first + (headers.records ?? 0)
}
