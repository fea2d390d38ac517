import { errorMessage, JSON_TYPE, PermanentError, type Bus, type Delivery, type Envelope, type Sink } from '@clymene/model'
import { decodeWriteRequest, decompress, encodeFlatSamples, type FlatSamples } from '@clymene/wire'

import { MAX_BYTES } from './bus-sink.ts'

export type FlatSinkOptions = {
  readonly bus: Pick<Bus, 'produce'>
  readonly topic: string
  /** Told of samples that have no flat form: NaN (staleness markers too) and infinities. */
  readonly leftOut: (samples: number) => void
}

/** Messages of one produce call: what is in memory at a time beside the body. */
const CALL_MESSAGES = 5000

/**
 * Metrics for Apache Druid: every sample is a message, in order under the key of what it came in. Each is by itself, so it has no
 * number that an ingester could follow; what was produced before a failure is produced again with the rest.
 */
export function createFlatSink({ bus, topic, leftOut }: FlatSinkOptions): Sink {
  return {
    write: async (deliveries, signal) => {
      for (const delivery of deliveries) {
        const flat = flatten(delivery)
        const { key } = delivery
        const envelopes = flat.messages.map((value): Envelope => ({ kind: 'metrics', key, value, headers: { contentType: JSON_TYPE } }))
        for (let start = 0; start < envelopes.length; start += CALL_MESSAGES) {
          await bus.produce(topic, envelopes.slice(start, start + CALL_MESSAGES), signal)
        }
        if (flat.leftOut > 0) leftOut(flat.leftOut)
      }
    },
  }
}

function flatten({ value }: Delivery): FlatSamples {
  try {
    return encodeFlatSamples(decodeWriteRequest(decompress(value, MAX_BYTES)))
  } catch (error) {
    if (error instanceof RangeError) throw new PermanentError(errorMessage(error), { cause: error })
    throw error
  }
}
