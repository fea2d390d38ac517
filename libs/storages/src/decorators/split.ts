import { DecodeError, type Delivery } from '@clymene/model'
import {
  compress,
  decompress,
  scanPushRequest,
  scanWriteRequest,
  slicePushRequest,
  sliceWriteRequest,
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

const countOf = ({ kind }: Delivery, bytes: Buffer): number => {
  if (kind === 'logs') return scanPushRequest(bytes).entries
  const { samples, histograms } = scanWriteRequest(bytes)
  return samples + histograms
}

/** Samples or entries number `from` to `to` (not included) of a delivery, as a piece of their own. */
export function recordsOf(delivery: Delivery, from: number, to: number): Delivery {
  if (from <= 0 && to >= (delivery.headers.records ?? Infinity)) return delivery
  const bytes = decompress(delivery.value, MAX_BYTES)
  const cut = delivery.kind === 'metrics' ? sliceWriteRequest(bytes, from, to) : slicePushRequest(bytes, from, to)
  return pieceOf(delivery, compress(cut), delivery.position + from, to - from)
}
