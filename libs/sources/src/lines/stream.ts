import type { Labels } from '@clymene/model'
import type { LabelSet } from '@clymene/stages'
import { formatStreamLabels } from '@clymene/wire'

/** One stream of lines as it is sent: labels that are the same for all its entries, encoded once. */
export type LineStream = {
  /** The protobuf field `labels` of Loki's `StreamAdapter`, tag and length included. */
  readonly labelField: Buffer
  readonly tenant: string
  /** Pairs of begin and end of runs of its entries in the collector, in order. */
  readonly runs: number[]
  /** Bytes of all runs. */
  bytes: number
  entries: number
  /** Time of the newest of them, milliseconds since the epoch; -Infinity when there is none. */
  newestMs: number
}

/** Names that a label or stage gives the tenant under, as Promtail. */
export const TENANT_LABEL = '__tenant_id__'

/** The stream of a set of labels, always the same object. Labels that begin with `__` are not sent. */
export function createStreams(): (labels: LabelSet) => LineStream {
  const streams = new WeakMap<LabelSet, LineStream>()
  return (labels) => {
    const known = streams.get(labels)
    if (known !== undefined) return known
    const stream = createStream(
      labels.labels.filter(([name]) => !name.startsWith('__')),
      labels.get(TENANT_LABEL),
    )
    streams.set(labels, stream)
    return stream
  }
}

function createStream(labels: Labels, tenant: string): LineStream {
  const text = Buffer.from(formatStreamLabels(labels))
  return {
    labelField: Buffer.concat([fieldStart(STREAM_LABELS, text.length), text]),
    tenant,
    runs: [],
    bytes: 0,
    entries: 0,
    newestMs: -Infinity,
  }
}

// logproto.proto: PushRequest { repeated StreamAdapter streams = 1 }, StreamAdapter { string labels = 1; repeated EntryAdapter entries = 2 }.
const REQUEST_STREAM = (1 << 3) | 2
const STREAM_LABELS = (1 << 3) | 2

/** One `PushRequest` of the streams' runs in `bytes`. */
export function encodeStreams(streams: readonly LineStream[], bytes: Buffer): Buffer {
  const starts = streams.map((stream) => fieldStart(REQUEST_STREAM, stream.labelField.length + stream.bytes))
  const size = streams.reduce(
    (sum, { labelField, bytes: entries }, index) => sum + (starts[index]?.length ?? 0) + labelField.length + entries,
    0,
  )
  const body = Buffer.allocUnsafe(size)
  let position = 0
  for (const [index, { labelField, runs }] of streams.entries()) {
    position += starts[index]?.copy(body, position) ?? 0
    position += labelField.copy(body, position)
    for (let run = 0; run < runs.length; run += 2) position += bytes.copy(body, position, runs[run], runs[run + 1])
  }
  return body
}

/** Tag and length of a length-delimited field. */
function fieldStart(tag: number, length: number): Buffer {
  const bytes = [tag]
  let rest = length
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
