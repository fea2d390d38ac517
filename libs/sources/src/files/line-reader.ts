import { isUtf8 } from 'node:buffer'

import type { LabelMap } from '@clymene/model'
import {
  createCriReader,
  createPipeline,
  type CriLine,
  Extracted,
  type LabelSet,
  type PipelineEntry,
  type PipelineOptions,
  type StageConfig,
} from '@clymene/stages'

import type { Lane } from '../lines/lane.ts'
import { encodeMetadata } from '../lines/metadata.ts'
import type { ReadClock } from '../lines/read-clock.ts'
import type { LineStream } from '../lines/stream.ts'
import { createCutLine, type CutLine, cutAt, type OnCut } from './cut-lines.ts'
import { createHeldLines } from './held-lines.ts'
import { holeAt } from './holes.ts'

/** Where reading stands in one file. */
export type Cursor = {
  /** The next byte to read. */
  offset: number
  /** Where the first line begins that is still held, or goes on behind the cursor; the offset when there is none. */
  heldFrom: number
  /** What begins from `heldFrom` to here was handed over, but for what is held: a restart puts it through the stages and is quiet about it. */
  quietTo: number
  /** In the middle of a line that was cut: its rest is passed over, or is further lines. */
  skipping: boolean
  /** Lines that begin before it were handed over by an earlier run: they only bring the stages to where they were. */
  quietUntil: number
}

export type LineReader = {
  /**
   * Takes whole lines from `bytes`, which begin at `cursor.offset`, until they end, or the room of the batch does, or a stage asks to wait.
   * With `final` the bytes are all there will be, and what follows the last line feed is a line too.
   */
  readonly read: (bytes: Buffer, cursor: Cursor, final: boolean) => void
  /** Hands over what stages have held long enough at `nowNs` of the steady clock; without it everything they hold. */
  readonly flush: (cursor: Cursor, nowNs?: bigint) => void
  /** Nothing is read for now: hands over what stages hold and makes sense as it is. False when there is no such thing. */
  readonly stop: () => boolean
  /** Lines that stages hold. */
  readonly held: () => number
  /** Before this time of the steady clock, milliseconds, nothing is taken: a stage limits the rate. 0 when none does. */
  readonly waitUntilMs: () => number
  /** Labels of the lines from now on. */
  readonly relabel: (labels: LabelSet) => void
}

export type LineReaderOptions = {
  readonly stages: readonly StageConfig[]
  readonly labels: LabelSet
  readonly lane: Lane
  readonly clock: ReadClock
  readonly maxLineBytes: number
  /** Whether the rest of a longer line is passed over, or is further lines. */
  readonly longLines: 'truncate' | 'split'
  readonly metrics: Readonly<
    Record<'readBytes' | 'readLines' | 'truncatedLines' | 'splitLines' | 'nulBytes', { readonly inc: (more?: number) => void }>
  >
  /** What stages do beside changing lines. */
  readonly pipeline?: Pick<PipelineOptions, 'metrics' | 'dropped' | 'shared'>
  /** Told of each line that was cut. The bytes are the reader's. */
  readonly onCut: OnCut
  readonly inspect?: PipelineOptions['inspect'] | undefined
}

/** Bytes of lines that may pass while a stage holds an earlier one: a restart has to read them again. */
const MAX_HELD_BYTES = 64 * 1024 * 1024
/** Stages that make of a whole CRI line what the shortcut does: `docker`, before `cri`, passes on what does not begin with a brace. */
const CRI_STAGES: ReadonlySet<string> = new Set(['cri', 'docker,cri'])
const LF = 0x0a
const CR = 0x0d

/**
 * Turns the bytes of one path into entries of a lane. Lines without stages, and whole CRI lines with no stage but `cri`, or `docker` and `cri`,
 * are copied as bytes (0.5 µs a line of 200 B, reading, compressing and sending included); everything else goes through the pipeline as strings (2.5 µs).
 */
export function createLineReader(options: LineReaderOptions): LineReader {
  const { lane, clock, maxLineBytes, longLines, metrics, stages, onCut, inspect } = options
  const { collector } = lane
  const countCut = (how: 'truncate' | 'split'): void => (how === 'split' ? metrics.splitLines : metrics.truncatedLines).inc()
  const pipeline = createPipeline(stages, {
    ...options.pipeline,
    now: clock.ns,
    steadyNow: clock.steadyNs,
    maxLineBytes,
    longLines,
    onCut: (line, how, maxBytes) => {
      countCut(how)
      onCut(line, how, maxBytes)
    },
    ...(inspect === undefined ? {} : { inspect }),
  })
  const names = stages.map(({ name }) => name)
  const isCri = CRI_STAGES.has(names.join()) && inspect === undefined
  const shortcut = stages.length === 0 ? 'plain' : isCri ? 'cri' : 'none'
  const cri: CriLine = { seconds: 0, nanos: 0, stream: 'stdout', partial: false, content: 0 }
  const readCri = createCriReader(cri)
  const beginsWithCri = CRI_STAGES.has(names.slice(0, 1).join()) || CRI_STAGES.has(names.slice(0, 2).join())
  const headOf = (bytes: Buffer): string =>
    beginsWithCri && readCri(bytes, 0, bytes.length) ? bytes.toString('latin1', 0, cri.content) : ''
  const heldLines = createHeldLines()
  const cutLines = new WeakMap<Cursor, CutLine>()
  let held = 0
  let last: Cursor | undefined
  /** When a stage lets the next line come. */
  let pausedNs = 0n
  /** Origin of the line with which something came out of the stages last. */
  let cameOut = -1
  let base = options.labels
  let streams: Partial<Record<'plain' | CriLine['stream'], LineStream>> = {}

  const isPaused = (): boolean => {
    pausedNs = pipeline.waitUntilNs()
    return pausedNs !== 0n && pausedNs > clock.steadyNs()
  }
  const append = (entries: readonly PipelineEntry[], quiet: boolean): void => {
    if (quiet) return
    for (const { labels, timestampNs, line, metadata } of entries) {
      collector.appendText(lane.streamOf(labels), timestampNs, line, metadata === undefined ? undefined : encodeMetadata(metadata))
    }
  }
  const pushText = (line: string, origin: number, quiet: boolean, metadata?: LabelMap, raw?: Buffer): void => {
    const entry: PipelineEntry = { labels: base, timestampNs: clock.ns(), line, extracted: new Extracted(base), metadata, origin }
    if (raw !== undefined) entry.bytes = raw
    const entries = pipeline.push(entry)
    // With the line that begins a block the block before comes out. Parts of one line have one origin.
    if (entries.length > 0) cameOut = metadata === undefined ? origin : origin + 1
    append(entries, quiet)
    held = pipeline.held()
  }
  const takeLine = (bytes: Buffer, start: number, end: number, origin: number, valid: boolean, quiet: boolean): void => {
    clock.tick()
    if (valid && held === 0) {
      if (shortcut === 'plain') {
        if (!quiet) collector.append((streams.plain ??= lane.streamOf(base)), clock.seconds, clock.nanos, bytes, start, end)
        return
      }
      if (shortcut === 'cri' && readCri(bytes, start, end) && !cri.partial) {
        if (quiet) return
        const stream = (streams[cri.stream] ??= lane.streamOf(base.with('stream', cri.stream)))
        collector.append(stream, cri.seconds, cri.nanos, bytes, cri.content, end)
        return
      }
    }
    // A runtime divides lines by bytes, characters too.
    const raw = valid || stages.length === 0 ? undefined : Buffer.from(bytes.subarray(start, end))
    pushText(bytes.toString('utf8', start, end), origin, quiet, undefined, raw)
  }
  /** A part of a line that is too long for one entry, the last one or not. `begin` is its place in the file. */
  const takePart = (part: Buffer, begin: number, cursor: Cursor, isLast: boolean): void => {
    clock.tick()
    const known = cursor.skipping ? cutLines.get(cursor) : undefined
    const cut = known ?? createCutLine(longLines, begin, headOf(part))
    cutLines.set(cursor, cut)
    const { line, metadata } = cut.part(part, isLast)
    pushText(line, heldLines.enter(cursor) + cut.begin, begin < cursor.quietUntil, metadata)
  }
  const settle = (cursor: Cursor): void => {
    const heldFrom = pipeline.heldFrom()
    heldLines.settle(heldFrom, cameOut <= heldFrom || !pipeline.repeatable())
    if (cursor.skipping) cursor.heldFrom = Math.min(cursor.heldFrom, cutLines.get(cursor)?.begin ?? cursor.heldFrom)
  }
  const handOver = (entries: readonly PipelineEntry[], cursor: Cursor): void => {
    if (entries.length > 0) cameOut = heldLines.enter(cursor) + cursor.offset
    append(entries, cursor.offset < cursor.quietUntil)
    held = pipeline.held()
    settle(cursor)
  }
  const letGo = (cursor: Cursor, nowNs?: bigint): void => handOver(pipeline.flush(nowNs), cursor)

  const read = (bytes: Buffer, cursor: Cursor, final: boolean): void => {
    clock.sync()
    last = cursor
    const offset = cursor.offset
    const ahead = heldLines.enter(cursor)
    // Checked at once for all lines: 0.014 ns a byte, against 50 ns for each line on its own.
    const valid = isUtf8(final ? bytes : bytes.subarray(0, bytes.lastIndexOf(LF) + 1))
    let position = 0
    let lines = 0
    let holes = 0
    while (position < bytes.length && !lane.full() && !isPaused()) {
      if (bytes[position] === 0 && !cursor.skipping) {
        const hole = holeAt(bytes, position, final ? 1 : maxLineBytes)
        if (hole === 0) break
        holes += hole
        position += hole
        continue
      }
      const feed = bytes.indexOf(LF, position)
      const whole = feed !== -1 || final
      const limit = feed === -1 ? bytes.length : feed
      let next = feed === -1 ? limit : feed + 1
      if (cursor.skipping && longLines === 'truncate') {
        cursor.skipping = !whole
      } else if (limit - position > maxLineBytes) {
        const end = cutAt(bytes, position, position + maxLineBytes)
        if (!cursor.skipping) {
          lines++
          onCut(bytes.subarray(position, limit))
          countCut(longLines)
        }
        takePart(bytes.subarray(position, end), offset + position, cursor, false)
        cursor.skipping = longLines === 'split' || !whole
        if (longLines === 'split') next = end
      } else if (!whole) {
        break
      } else {
        const end = bytes[limit - 1] === CR && limit > position ? limit - 1 : limit
        if (cursor.skipping) takePart(bytes.subarray(position, end), offset + position, cursor, true)
        else takeLine(bytes, position, end, ahead + offset + position, valid, offset + position < cursor.quietUntil)
        if (!cursor.skipping) lines++
        cursor.skipping = false
      }
      position = next
    }
    cursor.offset = offset + position
    settle(cursor)
    if (held > 0 && cursor.offset - cursor.heldFrom > MAX_HELD_BYTES) letGo(cursor)
    metrics.readBytes.inc(position - holes)
    if (holes > 0) metrics.nulBytes.inc(holes)
    if (lines > 0) metrics.readLines.inc(lines)
  }

  return {
    read,
    flush: letGo,
    stop: () => {
      const entries = pipeline.stop()
      if (last !== undefined) handOver(entries, last)
      return entries.length > 0
    },
    held: () => held,
    waitUntilMs: () => Math.ceil(Number(pausedNs) / 1e6),
    relabel: (labels) => {
      base = labels
      streams = {}
    },
  }
}
