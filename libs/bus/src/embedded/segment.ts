import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { syncDirectory } from './durable-file.ts'
import { MIN_RECORD_BYTES, timestampAt } from './record.ts'
import { scanRecords, type Damage } from './scan.ts'
import {
  createSegmentFile,
  decodeSegmentHeader,
  encodeSegmentHeader,
  parseSegmentFileName,
  SEGMENT_HEADER_BYTES,
  segmentFileName,
  type OpenLogFile,
  type SegmentFile,
} from './segment-file.ts'

/** One segment as readers may see it. Its log moves `length`, `end` and the times forward when records are durable. */
export type Segment = {
  readonly file: SegmentFile
  /** Offset of its first record. */
  readonly base: number
  /** Offset after the last record of the segment before. */
  previousEnd: number
  length: number
  end: number
  oldestMs: number | undefined
  newestMs: number | undefined
}

/** Creates the next segment with nothing in it; durable when it resolves, gone when it rejects. */
export async function createSegment(directory: string, base: number, previousEnd: number, open: OpenLogFile): Promise<Segment> {
  const segment = { ...newSegment(directory, base, open), previousEnd }
  const { file } = segment
  try {
    await file.truncate(0)
    await file.write([encodeSegmentHeader(base, previousEnd)], 0)
    await file.sync()
    await syncDirectory(directory)
  } catch (error) {
    await file.remove().catch(() => undefined)
    throw error
  }
  return segment
}

/**
 * Opens the segments that are there and adds them to `segments`, oldest first; after an error those are to be closed. Of the last one every record is checked and a torn write at its end is
 * cut off, of which `torn` is told; the others are checked when they are read.
 */
export async function openSegments(
  segments: Segment[],
  directory: string,
  open: OpenLogFile,
  damaged: (segment: Segment, damage: Damage) => void,
  torn: (segment: Segment, bytes: number) => void,
): Promise<void> {
  const bases = (await readdir(directory)).map(parseSegmentFileName).filter((base) => base !== undefined)
  for (const base of bases.toSorted((a, b) => a - b)) segments.push(newSegment(directory, base, open))
  for (const segment of segments) await readHeader(segment)
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]
    if (next === undefined) continue
    segment.end = next.previousEnd
    segment.newestMs = next.oldestMs ?? segment.newestMs
  }
  const last = segments.at(-1)
  if (last === undefined) return
  const scan = scanRecords(await last.file.read(0, last.length), SEGMENT_HEADER_BYTES, last.base)
  for (const damage of scan.damages) damaged(last, damage)
  if (scan.length < last.length) {
    await last.file.truncate(scan.length)
    torn(last, last.length - scan.length)
  }
  last.length = scan.length
  last.end = scan.end
  last.newestMs = scan.newestMs
  if (scan.newestMs === undefined) last.oldestMs = undefined
}

async function readHeader(segment: Segment): Promise<void> {
  const { file, base } = segment
  const { size, modifiedMs } = await file.stat()
  const first = await file.read(0, SEGMENT_HEADER_BYTES + MIN_RECORD_BYTES)
  const previousEnd = decodeSegmentHeader(first, file.path)
  // A power cut while the segment was made: it holds nothing, but its name keeps offsets from being given again.
  if (previousEnd === undefined) await file.write([encodeSegmentHeader(base, base)], 0)
  segment.previousEnd = previousEnd ?? base
  segment.length = Math.max(size, SEGMENT_HEADER_BYTES)
  if (first.length < SEGMENT_HEADER_BYTES + MIN_RECORD_BYTES) return
  segment.oldestMs = timestampAt(first, SEGMENT_HEADER_BYTES)
  segment.newestMs = modifiedMs
}

const newSegment = (directory: string, base: number, open: OpenLogFile): Segment => ({
  file: createSegmentFile(join(directory, segmentFileName(base)), open),
  base,
  previousEnd: base,
  length: SEGMENT_HEADER_BYTES,
  end: base,
  oldestMs: undefined,
  newestMs: undefined,
})
