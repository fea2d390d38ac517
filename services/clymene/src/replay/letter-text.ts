import { type LogStream, type TimeSeries } from '@clymene/model'
import { placeText, prepareLetter, recordsIn, type Letter } from '@clymene/storages'
import { createMessageReader, decodePushRequest, decodeWriteRequest, decompress, formatStreamLabels } from '@clymene/wire'

import { printable } from './terminal.ts'

/** Time, storage, cluster, topic/partition/offset, records, status, whether it was sent, reason. */
export function letterLine(letter: Letter, isSent: boolean): string {
  const { storage, cluster, status, reason } = letter.note
  const columns = [
    timeText(letter.note.timeMs),
    storage,
    cluster === '' ? '-' : cluster,
    placeText(letter),
    recordsText(recordsIn(letter)),
    status === undefined ? '-' : String(status),
    isSent ? 'sent' : '-',
    reason,
  ]
  return columns.map(printable).join('  ')
}

export const recordsText = (records: number): string => `${records} ${records === 1 ? 'record' : 'records'}`

/** What is in a letter: at most `limit` samples or lines; of what nobody can read the first bytes. */
export function contentLines(letter: Letter, limit: number): readonly string[] {
  const { message } = letter
  const prepared = prepareLetter(letter, reader)
  // Of the whole message: beside the older samples of a piece it would mislead.
  const { newestMs: _, ...own } = message.headers
  const headers = { ...message.extra, ...own, key: message.key }
  const about = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${String(value)}`]))
  const content =
    prepared.kind === 'empty'
      ? ['(nothing)']
      : prepared.kind === 'undecodable'
        ? bytesLines(message.value, prepared.error.message)
        : decoded(message.kind, decompress(prepared.delivery.value, MAX_BYTES), limit)
  return [about.join(' '), ...content].map((line) => `    ${printable(line)}`)
}

const MAX_BYTES = 64 * 1024 * 1024
const reader = createMessageReader({ maxBytes: MAX_BYTES })

function decoded(kind: Letter['message']['kind'], bytes: Buffer, limit: number): readonly string[] {
  const lines = kind === 'metrics' ? decodeWriteRequest(bytes).flatMap(seriesLines) : decodePushRequest(bytes).flatMap(streamLines)
  return lines.length <= limit ? lines : [...lines.slice(0, limit), `… and ${lines.length - limit} more`]
}

const seriesLines = ({ labels, samples }: TimeSeries): readonly string[] => {
  const name = labels.find(([label]) => label === '__name__')?.[1] ?? ''
  const series = `${name}${formatStreamLabels(labels.filter(([label]) => label !== '__name__'))}`
  return samples.map(({ timestampMs, value }) => `${series} ${value} ${timeText(timestampMs)}`)
}

const streamLines = ({ labels, entries }: LogStream): readonly string[] => {
  const stream = formatStreamLabels(labels)
  return entries.map(({ timestampNs, line }) => `${stream} ${timeText(Number(timestampNs / 1_000_000n))} ${line}`)
}

const SHOWN_BYTES = 64

function bytesLines(value: Buffer, reason: string): readonly string[] {
  const start = value.subarray(0, SHOWN_BYTES)
  return [`it cannot be read: ${reason}`, `${value.length} bytes: ${start.toString('hex')}${value.length > SHOWN_BYTES ? '…' : ''}`]
}

/** Times come from outside: some are no dates. */
export const timeText = (timeMs: number): string => {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? String(timeMs) : date.toISOString()
}
