/** A `WriteRequest` as it stands there: every label, every bit. */
export type PlainSeries = {
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly samples: readonly { readonly bits: string; readonly timestampMs: number }[]
  readonly exemplars: readonly (PlainSeries['samples'][number] & { readonly labels: PlainSeries['labels'] })[]
  /** Field 4 as hexadecimal. */
  readonly histograms: readonly string[]
}

/** The series of a good message, read field by field. */
export function readPlainWriteRequest(message: Uint8Array): PlainSeries[] {
  return fieldsOf(message)
    .filter(({ number }) => number === 1)
    .map(({ bytes }) => {
      const fields = fieldsOf(bytes)
      const numbered = (wanted: number): Buffer[] => fields.filter(({ number }) => number === wanted).map((field) => field.bytes)
      return {
        labels: numbered(1).map(readLabel),
        samples: numbered(2).map(readSample),
        exemplars: numbered(3).map(readExemplar),
        histograms: numbered(4).map((field) => field.toString('hex')),
      }
    })
}

type Field = { readonly number: number; readonly bytes: Buffer; readonly varint: bigint }

/** The fields of a message: of wire type 0 the number, of all others the bytes. */
export function fieldsOf(message: Uint8Array): Field[] {
  const bytes = Buffer.from(message)
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const type = tag & 7
    const number = type === 0 ? varint() : 0n
    const length = type === 0 ? 0 : type === 1 ? 8 : type === 5 ? 4 : Number(varint())
    fields.push({ number: tag >>> 3, bytes: bytes.subarray(at, at + length), varint: number })
    at += length
  }
  return fields
}

function readLabel(label: Buffer): readonly [string, string] {
  const text = (wanted: number): string =>
    fieldsOf(label)
      .findLast(({ number }) => number === wanted)
      ?.bytes.toString('utf8') ?? ''
  return [text(1), text(2)]
}

const readSample = (sample: Buffer): PlainSeries['samples'][number] => readValue(fieldsOf(sample), 1)

function readExemplar(exemplar: Buffer): PlainSeries['exemplars'][number] {
  const fields = fieldsOf(exemplar)
  return { labels: fields.filter(({ number }) => number === 1).map(({ bytes }) => readLabel(bytes)), ...readValue(fields, 2) }
}

/** A double and, in the field after it, a time. */
function readValue(fields: readonly Field[], first: number): PlainSeries['samples'][number] {
  const value = fields.findLast(({ number }) => number === first)?.bytes
  const time = fields.findLast(({ number }) => number === first + 1)?.varint ?? 0n
  return {
    bits: value === undefined ? '0'.repeat(16) : Buffer.from(value.toReversed()).toString('hex'),
    timestampMs: Number(BigInt.asIntN(64, time)),
  }
}
