import { PROTOBUF, type EnvelopeHeaders, type Envelope } from '@clymene/model'
import { compress, decodeWriteRequest, decompress, encodeWriteRequest } from '@clymene/wire'

/** One sample, as everything here names it. */
export type Point = { readonly series: string; readonly timestampMs: number; readonly value: number }

/** A series of this name is refused by every store, whatever its samples. */
export const REFUSED = 'refused'

export const nameOf = ({ series, timestampMs, value }: Point): string => `${series}@${timestampMs}=${value}`

const LIMIT = 1 << 20

const blocks = new Map<string, Buffer>()
const contents = new WeakMap<Buffer, readonly Point[]>()

/** One block of these samples; the same ones give the same buffer. */
export function blockOf(points: readonly Point[]): Buffer {
  const name = points.map(nameOf).join(' ')
  const known = blocks.get(name)
  if (known !== undefined) return known
  const series = points.map(({ series: i, timestampMs, value }) => ({
    labels: [
      ['__name__', 'up'],
      ['i', i],
    ] as const,
    samples: [{ timestampMs, value }],
  }))
  const block = compress(encodeWriteRequest(series))
  if (blocks.size > 20_000) blocks.clear()
  blocks.set(name, block)
  return block
}

/** The samples inside; undefined of what is no block of them. */
export function pointsOf(block: Buffer): readonly Point[] {
  const known = contents.get(block)
  if (known !== undefined) return known
  const points = decodeWriteRequest(decompress(block, LIMIT)).flatMap(({ labels, samples }) =>
    samples.map((sample) => ({ series: labels.find(([name]) => name === 'i')?.[1] ?? '', ...sample })),
  )
  contents.set(block, points)
  return points
}

/** Says that these bytes are those of a block that was looked at already, or (undefined) not any more what they were; gives them back. */
export function knownAs(bytes: Buffer, block: Buffer | undefined): Buffer {
  const points = block === undefined ? undefined : contents.get(block)
  if (points === undefined) contents.delete(bytes)
  else contents.set(bytes, points)
  return bytes
}

/** A message as a gateway of ours writes it. */
export const messageOf = (key: string, points: readonly Point[], headers: EnvelopeHeaders = {}): Envelope => ({
  kind: 'metrics',
  key,
  value: blockOf(points),
  headers: { contentType: PROTOBUF, scanned: true, records: points.length, ...headers },
})

/** What nobody can read; no gateway has looked at it. */
export const garbageOf = (key: string, number: number): Envelope => ({
  kind: 'metrics',
  key,
  value: Buffer.from(`garbage ${number}`),
  headers: {},
})
