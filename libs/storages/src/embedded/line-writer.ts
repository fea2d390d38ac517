import { DecodeError } from '@clymene/model'

import { readMetadata } from '../records/read-labels.ts'
import { PUSH_REQUEST_START, visitPushRequest, type PushRequestPosition } from '../records/visit-push-request.ts'
import type { Database } from './database.ts'
import type { Refuse, Room } from './sample-writer.ts'
import { labelsText } from './series-table.ts'
import type { Stream, StreamTable } from './stream-table.ts'

/** How far into a message its lines are stored. */
export type LineProgress = {
  position: PushRequestPosition | undefined
  lines: number
  /** For each stream of the message, the newest time that it had before. */
  readonly newestBefore: Map<Stream, bigint>
  /** Lines that were stored before this message at a time that the message has too: how often each is still to be met as a repeat. */
  readonly known: Map<string, number>
}

export const lineProgress = (): LineProgress => ({ position: PUSH_REQUEST_START, lines: 0, newestBefore: new Map(), known: new Map() })

export type LineWriter = {
  /**
   * Stores lines of one message from `progress` on while there is room, inside the caller's transaction. True when the message is done. A line that the stream has at that time is not stored again, as often as it is there.
   *
   * @throws DecodeError when the message is not what the scan let through; the lines before that place stay.
   */
  readonly write: (message: Buffer, progress: LineProgress, room: Room, refuse: Refuse) => boolean
  /** Before the caller's commit: the lines that were new since the last call. */
  readonly endTransaction: () => number
}

/** What a row costs beside its text: its entries in the two indexes. */
const ROW_BYTES = 64

export function createLineWriter(
  { db }: Database,
  streams: StreamTable,
  options: { maxStreams: number; maxLineBytes: number },
): LineWriter {
  const insert = db.prepare('INSERT INTO line (stream, time_ns, text, metadata) VALUES (?, ?, ?, ?)')
  const sameTime = db.prepare('SELECT text FROM line WHERE stream = ? AND time_ns = ?')
  let stored = 0

  const isRepeat = (progress: LineProgress, stream: Stream, timeNs: bigint, line: string): boolean => {
    let before = progress.newestBefore.get(stream)
    if (before === undefined) {
      before = stream.newestNs
      progress.newestBefore.set(stream, before)
    }
    if (timeNs > before) return false
    const time = `${stream.id} ${timeNs} `
    if (!progress.known.has(time)) {
      progress.known.set(time, 0)
      for (const { text } of sameTime.iterate(stream.id, timeNs)) count(progress.known, `${time}${String(text)}`, 1)
    }
    return count(progress.known, `${time}${line}`, -1) >= 0
  }

  return {
    write: (message, progress, room, refuse) => {
      let stream: Stream | undefined
      let reason = ''
      const visitor = {
        stream: (buffer: Buffer, start: number, end: number) => {
          try {
            stream = streams.admit(buffer.toString('utf8', start, end))
            reason = `the embedded store is full of streams, ${options.maxStreams} (--embedded.max-streams)`
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error
            stream = undefined
            reason = `labels: ${error.message}`
          }
        },
        entry: (timeNs: bigint, buffer: Buffer, start: number, end: number, metadata: readonly Buffer[]) => {
          const record = progress.lines++
          room.bytes -= end - start + ROW_BYTES
          if (stream === undefined) return refuse({ record, reason })
          if (end - start > options.maxLineBytes) {
            return refuse({ record, reason: `line of ${end - start} bytes, the embedded store takes ${options.maxLineBytes}` })
          }
          if (timeNs !== BigInt.asIntN(64, timeNs)) return refuse({ record, reason: `time ${timeNs} ns is out of range` })
          const line = buffer.toString('utf8', start, end)
          if (isRepeat(progress, stream, timeNs, line)) return
          insert.run(stream.id, timeNs, line, metadata.length === 0 ? null : labelsText(readMetadata(metadata)))
          if (timeNs > stream.newestNs) stream.newestNs = timeNs
          stored++
        },
      }
      progress.position = visitPushRequest(message, visitor, progress.position, () => room.bytes <= 0)
      return progress.position === undefined
    },
    endTransaction: () => {
      const lines = stored
      stored = 0
      return lines
    },
  }
}

/** Adds to a count; it never falls below zero, and the answer tells that by -1. */
function count(counts: Map<string, number>, key: string, step: 1 | -1): number {
  const next = (counts.get(key) ?? 0) + step
  if (next >= 0) counts.set(key, next)
  return next
}
