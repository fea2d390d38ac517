import { DecodeError } from '@clymene/model'
import {
  compress,
  createDecompressor,
  decodeWriteRequest,
  scanWriteRequest,
  sliceWriteRequest,
  splitSeries,
  splitWriteRequest,
  type WriteRequestScan,
} from '@clymene/wire'

import type { Random } from '../../chaos/random.ts'
import { mutate } from '../mutate.ts'
import { type Counts, countWithProtobufjs, encodeWithProtobufjs } from '../reference/protobuf.ts'
import { fieldsOf, type PlainSeries, readPlainWriteRequest } from '../reference/write-request.ts'
import { difference, type Subject } from '../subject.ts'

const WORDS = [
  '\x0a\0',
  '\x0a\x02',
  '\x12\0',
  '\x1a\0',
  '\x22\0',
  '\x09',
  '\x10',
  '\x80\x01',
  '\xff\xff\xff\xff\x0f',
  '__name__',
  '\xc3\xa9',
  '\xff',
]
/** What the scan refuses and protobufjs takes: see its doc comment. */
const STRICTER =
  /without __name__|label without a name|remote write 2\.0|wire type [0-7] in field \d+|(?:tag|length) of more than 32 bits|varint of more than 10 bytes/

/** A body that anybody could send: refused as protobufjs refuses it, else counted, decoded and cut without losing a bit. */
export const writeRequestSubject: Subject = {
  name: 'write-request',
  make: (random) => {
    const message = encodeWithProtobufjs(makeMessage(random))
    return random.next() < 0.2 ? message : mutate(message, random, WORDS)
  },
  problem: (bytes) => {
    const [scan, inPlace] = [outcome(bytes), outcome(lasting(compress(bytes)))]
    const wrong = difference({ scan, inPlace })
    if (wrong !== undefined) return wrong
    const reference = countWithProtobufjs(bytes)
    if (typeof scan === 'string') return reference === undefined || STRICTER.test(scan) ? undefined : `refused: ${scan}`
    return difference({ counted: countsOf(scan), reference }) ?? lossOf(bytes)
  },
}

const lasting = createDecompressor(1 << 24)

function outcome(bytes: Uint8Array): WriteRequestScan | string {
  try {
    return scanWriteRequest(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return error.message
    throw error
  }
}

const countsOf = ({ series, samples, exemplars, metadata }: Counts): Counts => ({ series, samples, exemplars, metadata })

/** What is lost or changed when the message is decoded or cut. */
function lossOf(bytes: Buffer): string | undefined {
  const series = readPlainWriteRequest(bytes)
  const whole = partsOf([bytes])
  const records = series.reduce((sum, one) => sum + one.samples.length + one.histograms.length, 0)
  return (
    difference({
      plain: series.map(sampleTimes),
      decoded: decodeWriteRequest(bytes).map(({ samples }) => samples.map(({ timestampMs }) => timestampMs)),
    }) ??
    difference({ whole, halves: partsOf(splitWriteRequest(bytes) ?? splitSeries(bytes) ?? [bytes]) }) ??
    [0, 1, records >>> 1, records]
      .map((cut) =>
        difference({ cut: whole, slices: partsOf([sliceWriteRequest(bytes, 0, cut), sliceWriteRequest(bytes, cut, Infinity)]) }),
      )
      .find((wrong) => wrong !== undefined)
  )
}

const sampleTimes = ({ samples }: PlainSeries): number[] => samples.map(({ timestampMs }) => timestampMs)

/** Each part of a series beside its labels, and the metadata. */
function partsOf(messages: readonly Uint8Array[]): unknown {
  const series = messages.flatMap(readPlainWriteRequest)
  const beside = (partsIn: (one: PlainSeries) => readonly unknown[]): unknown[] =>
    series.flatMap((one) => partsIn(one).map((part) => [one.labels, part]))
  return {
    samples: beside(({ samples }) => samples),
    exemplars: beside(({ exemplars }) => exemplars),
    histograms: beside(({ histograms }) => histograms),
    metadata: messages.flatMap((message) =>
      fieldsOf(message).flatMap(({ number, bytes }) => (number === 3 ? [bytes.toString('hex')] : [])),
    ),
  }
}

function makeMessage(random: Random): object {
  const times = (most: number, make: () => unknown): unknown[] => Array.from({ length: random.between(0, most) }, make)
  const text = (): string => random.pick(['', 'a', 'le', 'é', 'job', 'x'.repeat(130), '__proto__'])
  const label = (): object => ({ name: random.pick(['a', 'b', 'job', 'é']), value: text() })
  const value = (): number => random.pick([0, -0, 1.5, Number.NaN, Infinity, -1e300])
  const time = (): number => random.pick([0, 1, -1, 1_700_000_000_123, 2 ** 53 - 1, -(2 ** 53)])
  return {
    timeseries: times(4, () => ({
      labels: [{ name: '__name__', value: 'up' }, ...times(3, label)],
      samples: times(3, () => ({ value: value(), timestamp: time() })),
      exemplars: times(2, () => ({ labels: times(2, label), value: value(), timestamp: time() })),
      histograms: times(1, () => ({
        countInt: 3,
        sum: value(),
        schema: random.between(-4, 8),
        negativeDeltas: [1, -1],
        timestamp: time(),
      })),
    })),
    metadata: times(2, () => ({ type: random.between(0, 7), metricFamilyName: text(), help: text(), unit: text() })),
  }
}
