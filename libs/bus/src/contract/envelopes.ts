import { JSON_TYPE, PROTOBUF, type BusRecord, type Envelope, type Kind } from '@clymene/model'

/** Enough for every one of three partitions to get some. */
export const KEYS = Array.from({ length: 24 }, (_, index) => `tenant/cluster-${index}/agent/0`)

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

export const numbered = (keys: readonly string[], first: number, count: number): readonly Envelope[] =>
  upTo(count).flatMap((index) =>
    keys.map((key): Envelope => {
      const sequence = first + index
      return {
        kind: 'metrics',
        key,
        value: Buffer.from(`${key} ${sequence}`),
        headers: { contentType: PROTOBUF, agent: 'a', epoch: 1, sequence },
      }
    }),
  )

export const sequences = (records: readonly BusRecord[], key: string): (number | undefined)[] =>
  records.filter((record) => record.key === key).map(({ headers }) => headers.sequence)

/** What an encoder could stumble over: each header alone and all together, names like __proto__, bytes that are no text. */
export function oddEnvelopes(kind: Kind): readonly Envelope[] {
  const full = {
    contentType: PROTOBUF,
    tenant: 'team-ä',
    cluster: '__proto__',
    agent: 'node-1',
    stream: '3',
    epoch: 1_795_000_000_123,
    sequence: 0,
  }
  const bytes = Buffer.from(upTo(256))
  return [
    { kind, key: 'all headers', value: bytes, headers: { ...full, records: 2 ** 40, scanned: true } },
    { kind, key: 'not scanned', value: bytes, headers: full },
    { kind, key: 'no cluster', value: Buffer.from('{}'), headers: { contentType: JSON_TYPE } },
    { kind, key: 'ключ/Ω/\u{1F600}', value: randomBytes(200_000), headers: { contentType: PROTOBUF, sequence: 7 } },
    { kind, key: 'further headers', value: bytes, headers: full, extra: { reason: '400: ünknown', 'storage-name': 'loki' } },
    { kind, key: '__proto__', value: Buffer.from([0]), headers: { contentType: PROTOBUF } },
  ]
}

export function randomBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  // xorshift32 with a fixed seed: the same bytes in every run, and no compressor makes them small.
  for (let index = 0, state = 2_463_534_242; index < length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state & 0xff
  }
  return bytes
}

export const withoutOrigin = ({ kind, key, value, headers, extra }: BusRecord): Envelope => ({
  kind,
  key,
  value: Buffer.from(value),
  headers,
  ...(extra === undefined ? {} : { extra }),
})
export const byKey = (envelopes: readonly Envelope[]): readonly Envelope[] => envelopes.toSorted((a, b) => (a.key < b.key ? -1 : 1))
