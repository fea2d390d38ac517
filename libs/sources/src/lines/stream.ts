import type { LabelSet } from '@clymene/stages'
import { formatStreamLabels } from '@clymene/wire'

import { type LabelLimits, limitLabels } from './label-limits.ts'
import { encodeMetadata } from './metadata.ts'
import { type OffendedLabels, refusalOf } from './offended-labels.ts'
import { varintSize, writeVarint } from './varint.ts'

/** One stream of lines as it is sent: labels that are the same for all its entries, encoded once. */
export type LineStream = {
  /** The protobuf field `labels` of Loki's `StreamAdapter`, tag and length included. */
  readonly labelField: Buffer
  /** Structured metadata of each of its entries, encoded: labels that went beyond a limit. */
  readonly metadata: Buffer
  /** Why its lines are not sent; '' when they are. */
  readonly refused: string
  /** Counts lines with labels beyond a limit; undefined when all labels are within them. */
  readonly limited: ((lines: number) => void) | undefined
  readonly tenant: string
  /** Pairs of begin and end of runs of its entries in the collector, in order. */
  readonly runs: number[]
  /** Bytes of all runs. */
  bytes: number
  entries: number
  /** Time of the newest of them, milliseconds since the epoch; -Infinity when there is none. */
  newestMs: number
}

export type StreamOptions = {
  readonly limits: LabelLimits
  readonly offended: OffendedLabels
}

/** Names that a label or stage gives the tenant under, as Promtail. */
export const TENANT_LABEL = '__tenant_id__'

/** The stream of a set of labels, always the same object. Labels that begin with `__` are not sent. */
export function createStreams(options: StreamOptions): (labels: LabelSet) => LineStream {
  const streams = new WeakMap<LabelSet, LineStream>()
  return (labels) => {
    const known = streams.get(labels)
    if (known !== undefined) return known
    const stream = createStream(labels, options)
    streams.set(labels, stream)
    return stream
  }
}

function createStream(set: LabelSet, { limits, offended }: StreamOptions): LineStream {
  const { labels, metadata, refused, offences } = limitLabels(
    set.labels.filter(([name]) => !name.startsWith('__')),
    limits,
  )
  return {
    labelField: encodeLabels(formatStreamLabels(labels)),
    metadata: encodeMetadata(metadata),
    refused: refused ? refusalOf(offences, limits) : '',
    limited: offences.length === 0 ? undefined : (lines) => offended(offences, limits, lines),
    tenant: set.get(TENANT_LABEL),
    runs: [],
    bytes: 0,
    entries: 0,
    newestMs: -Infinity,
  }
}

/** Written where it stays: what is encoded on the way would keep its block of memory too. */
function encodeLabels(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const field = Buffer.allocUnsafe(1 + varintSize(length) + length)
  field[0] = STREAM_LABELS
  field.write(text, writeVarint(field, 1, length))
  return field
}

/** logproto.proto: StreamAdapter { string labels = 1 }. */
const STREAM_LABELS = (1 << 3) | 2
