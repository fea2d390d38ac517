import type { Delivery, Sink } from '@clymene/model'
import { decodePushRequest, decodeWriteRequest, decompress } from '@clymene/wire'

export type FakeSink = Sink & {
  /** Every write that succeeded. */
  readonly written: Delivery[]
  /** Samples as `name=value`, lines as they are, of everything written. */
  readonly records: () => readonly string[]
  /** Calls, failed ones too. */
  attempts: number
  /** What a write rejects with; asked at each. */
  failure: ((deliveries: readonly Delivery[]) => Error | undefined) | undefined
  /** While it is there a write waits for it. */
  gate: Promise<void> | undefined
}

export function createFakeSink(): FakeSink {
  const sink: FakeSink = {
    written: [],
    attempts: 0,
    failure: undefined,
    gate: undefined,
    records: () => sink.written.flatMap(recordsOf),
    write: async (deliveries, signal) => {
      sink.attempts++
      await sink.gate
      signal.throwIfAborted()
      const failure = sink.failure?.(deliveries)
      if (failure !== undefined) throw failure
      sink.written.push(...deliveries)
    },
  }
  return sink
}

const MAX_BYTES = 1024 * 1024

/** Samples as `name=value`, lines as they are. */
export function recordsOf({ kind, value }: Pick<Delivery, 'kind' | 'value'>): readonly string[] {
  const body = decompress(value, MAX_BYTES)
  if (kind === 'logs') return decodePushRequest(body).flatMap(({ entries }) => entries.map(({ line }) => line))
  return decodeWriteRequest(body).flatMap(({ labels, samples }) =>
    samples.map((sample) => `${labels.find(([name]) => name === '__name__')?.[1] ?? ''}=${sample.value}`),
  )
}
