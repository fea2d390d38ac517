import { DecodeError, type Delivery } from '@clymene/model'
import {
  compress,
  decodePushRequest,
  decodeWriteRequest,
  decompress,
  encodePushRequest,
  encodeWriteRequest,
  scanPushRequest,
  scanWriteRequest,
  splitPushRequest,
  splitWriteRequest,
} from '@clymene/wire'

import { pieceOf } from './lineage.ts'

/** A delivery was scanned under its reader's limit; this one only bounds what a damaged block could claim. */
const MAX_BYTES = 512 * 1024 * 1024

/** Two halves in order, cut between series, streams or entries; undefined when there is nothing left to cut, or it is damaged. */
export function halvesOf(delivery: Delivery): readonly [Delivery, Delivery] | undefined {
  try {
    return cutInHalves(delivery)
  } catch (error) {
    // What a gateway marked as scanned is not looked at again until it is refused.
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function cutInHalves(delivery: Delivery): readonly [Delivery, Delivery] | undefined {
  const bytes = decompress(delivery.value, MAX_BYTES)
  const halves = delivery.kind === 'metrics' ? splitWriteRequest(bytes) : splitPushRequest(bytes)
  if (halves === undefined) return undefined
  const [left, right] = halves
  const count = countOf(delivery, left)
  return [
    pieceOf(delivery, compress(left), delivery.position, count),
    pieceOf(delivery, compress(right), delivery.position + count, countOf(delivery, right)),
  ]
}

const countOf = ({ kind }: Delivery, bytes: Buffer): number =>
  kind === 'metrics' ? scanWriteRequest(bytes).samples : scanPushRequest(bytes).entries

/** Samples or entries number `from` to `to` (not included) of a delivery, as a piece of their own. */
export function recordsOf(delivery: Delivery, from: number, to: number): Delivery {
  if (from <= 0 && to >= (delivery.headers.records ?? Infinity)) return delivery
  const bytes = decompress(delivery.value, MAX_BYTES)
  const cut = delivery.kind === 'metrics' ? cutSeries(bytes, from, to) : cutStreams(bytes, from, to)
  return pieceOf(delivery, compress(cut), delivery.position + from, to - from)
}

const cutSeries = (bytes: Buffer, from: number, to: number): Buffer => {
  let seen = 0
  const series = decodeWriteRequest(bytes).flatMap(({ labels, samples }) => {
    const kept = samples.slice(Math.max(from - seen, 0), Math.max(to - seen, 0))
    seen += samples.length
    return kept.length === 0 ? [] : [{ labels, samples: kept }]
  })
  return encodeWriteRequest(series)
}

const cutStreams = (bytes: Buffer, from: number, to: number): Buffer => {
  let seen = 0
  const streams = decodePushRequest(bytes).flatMap(({ labels, entries }) => {
    const kept = entries.slice(Math.max(from - seen, 0), Math.max(to - seen, 0))
    seen += entries.length
    return kept.length === 0 ? [] : [{ labels, entries: kept }]
  })
  return encodePushRequest(streams)
}
