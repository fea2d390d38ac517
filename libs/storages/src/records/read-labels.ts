import { sortedLabels, type Label, type Labels } from '@clymene/model'

import { FieldCursor } from './field-cursor.ts'

// Label, and Loki's LabelPair   1: name   2: value
const NAME = 0x0a
const VALUE = 0x12

/** The labels behind the `bytes[start, end)` that a series of a write request was announced with, sorted. */
export function readLabels(bytes: Buffer, start: number, end: number): Labels {
  const cursor = new FieldCursor(bytes, start, end)
  const labels: Label[] = []
  while (cursor.at < end) {
    cursor.varint()
    labels.push(readPair(cursor, cursor.fieldEnd()))
  }
  return sortedLabels(labels)
}

/** The structured metadata of an entry. */
export const readMetadata = (pairs: readonly Buffer[]): Labels =>
  sortedLabels(pairs.map((pair) => readPair(new FieldCursor(pair), pair.length)))

function readPair(cursor: FieldCursor, end: number): Label {
  let name = ''
  let value = ''
  while (cursor.at < end) {
    const tag = cursor.varint()
    if (tag !== NAME && tag !== VALUE) {
      cursor.skip(tag)
      continue
    }
    const textEnd = cursor.fieldEnd()
    const text = cursor.bytes.toString('utf8', cursor.at, textEnd)
    cursor.at = textEnd
    if (tag === NAME) name = text
    else value = text
  }
  return [name, value]
}
