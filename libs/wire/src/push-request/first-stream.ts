import { FieldReader } from '../protobuf/field-reader.ts'
import { parseStreamLabels } from './stream-labels.ts'
import { REQUEST_STREAM, STREAM_LABELS } from './tags.ts'

/** A stream that is named in a log or an answer is cut at this many characters. */
const MAX_DESCRIPTION = 1024

/**
 * The values of `names` in the first stream, '' for a label that is not there: for the key of a sender that gives none.
 *
 * @throws DecodeError when the bytes are damaged before the end of that stream, or its labels cannot be read.
 */
export function firstStreamLabels(bytes: Uint8Array, names: readonly string[]): string[] {
  const text = firstLabelText(bytes)
  const labels = new Map(text === '' ? [] : parseStreamLabels(text))
  return names.map((name) => labels.get(name) ?? '')
}

/** The label text of the first stream as it was sent, cut at 1024 characters; '' when there is no stream. */
export function describeStream(bytes: Uint8Array): string {
  const text = firstLabelText(bytes)
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION - 1)}…` : text
}

function firstLabelText(bytes: Uint8Array): string {
  const reader = new FieldReader(bytes)
  while (reader.position < bytes.length) {
    const tag = reader.tag(bytes.length)
    if (tag === REQUEST_STREAM) return readLabelText(reader, reader.fieldEnd(bytes.length))
    reader.skip(tag, bytes.length)
  }
  return ''
}

function readLabelText(reader: FieldReader, end: number): string {
  let text = ''
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === STREAM_LABELS) text = reader.text(reader.fieldEnd(end))
    else reader.skip(tag, end)
  }
  return text
}
