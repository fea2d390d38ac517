import type { ExpositionFormat, MetadataKind, MetricType } from '@clymene/wire'
import { METRIC_TYPES } from '@clymene/wire'

import { hashBytes } from './byte-table.ts'
import type { MetadataTable, SharedFamily } from './metadata-table.ts'
import type { PageReading } from './read-page.ts'
import type { FamilyMetadata } from './scrape-view.ts'

/** HELP, TYPE and UNIT lines of one page that are read: more than any exporter has. */
const MOST_LINES = 30_000
const KINDS: readonly MetadataKind[] = ['help', 'type', 'unit']
/** Numbers of a line: kind, name's start and end, text's start and end. */
const WIDTH = 5

/** How often it is looked at where it is never sent, only shown. */
const LOOK_MS = 60_000

export type PageMetadata = ReturnType<typeof createPageMetadata>

/**
 * What the pages of a target say about their families. The lines are only noted while a page is read; they are looked at when the page has
 * new series or metadata is due again, and decoded when they differ from the last time.
 */
export function createPageMetadata(table: MetadataTable) {
  let families: ReadonlyMap<string, SharedFamily> = new Map()
  /** Of the lines that `families` was made of. */
  let known = Number.NaN
  let lookedMs = -Infinity

  function decode(body: Buffer, lines: readonly number[], format: ExpositionFormat, nowMs: number): void {
    const found = new Map<string, { type: MetricType; help: string; unit: string }>()
    for (let at = 0; at < lines.length; at += WIDTH) {
      const name = unescape(body.toString('utf8', lines[at + 1], lines[at + 2]), true)
      let one = found.get(name)
      if (one === undefined) found.set(name, (one = { type: 'unknown', help: '', unit: '' }))
      const text = body.toString('utf8', lines[at + 3], lines[at + 4])
      const kind = KINDS[lines[at]!]
      if (kind === 'type') one.type = METRIC_TYPES.find((type) => type === text) ?? 'unknown'
      else if (kind === 'help') one.help = unescape(text, format === 'openmetrics')
      else one.unit = text
    }
    const shared = new Map<string, SharedFamily>()
    for (const [name, { type, help, unit }] of found) {
      const one = table.share(name, type, help, unit, nowMs)
      if (one !== undefined) shared.set(name, one)
    }
    families = shared
  }

  return {
    families: (): ReadonlyMap<string, FamilyMetadata> => families,
    /** The page is good: writes what is due. */
    write(
      lines: readonly number[],
      hasNewSeries: boolean,
      { body, format, timestampMs: nowMs, writer }: Omit<PageReading, 'counts'>,
    ): void {
      const isDue = nowMs - lookedMs >= (table.intervalMs || LOOK_MS) || nowMs < lookedMs
      if (!hasNewSeries && !isDue) return
      lookedMs = nowMs
      const hash = hashLines(body, lines)
      if (hash !== known) decode(body, lines, format, nowMs)
      known = hash
      table.write(families.values(), nowMs, writer)
    },
  }
}

/** Notes a line in `lines`. */
export function noteLine(
  lines: number[],
  kind: MetadataKind,
  nameStart: number,
  nameEnd: number,
  textStart: number,
  textEnd: number,
): void {
  if (lines.length < WIDTH * MOST_LINES) lines.push(KINDS.indexOf(kind), nameStart, nameEnd, textStart, textEnd)
}

function hashLines(body: Buffer, lines: readonly number[]): number {
  let hash = lines.length
  for (let at = 0; at < lines.length; at += WIDTH) {
    hash = Math.imul(hash ^ lines[at]!, 0x01000193) ^ hashBytes(body, lines[at + 1]!, lines[at + 4]!)
  }
  return hash
}

/** Quotes are escaped in names and in OpenMetrics. Any other backslash stands for itself. */
function unescape(text: string, quotes: boolean): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(quotes ? /\\([\\"n])/g : /\\([\\n])/g, (_, char: string) => (char === 'n' ? '\n' : char))
}
