import { extractedText, type PipelineEntry } from '../entry.ts'
import type { Fields } from '../fields.ts'
import { NAMED_LAYOUTS } from '../go-time/layout.ts'
import { createTimeParser, tellsTime, type TimeParser, type TimeParserOptions } from '../go-time/time-parser.ts'
import { createTimeZone, type TimeZone } from '../go-time/time-zone.ts'
import type { LabelSet } from '../label-set.ts'
import { createRfc3339Parser } from '../rfc3339.ts'
import type { StageKind } from '../stage.ts'

/**
 * Makes an extracted value the timestamp: `format`, a layout of Go's package time or the name of one, and `fallback_formats`
 * are tried in order; `location` is the zone of texts without an offset, but where `format` is a name that Promtail knows: such are
 * UTC. When none fits, `action_on_failure: fudge` takes
 * the timestamp before of the same labels plus one nanosecond, so that order stays; `skip` keeps the time of reading.
 */
export const timestamp: StageKind = {
  keys: ['source', 'format', 'fallback_formats', 'location', 'action_on_failure'],
  parse: (fields) => {
    const source = fields.text('source') ?? ''
    if (source === '') fields.mistake('.source: expected the name of an extracted value')
    const format = fields.text('format') ?? ''
    const fallbacks = fields.texts('fallback_formats')
    checkFormat(format, '.format', fields)
    for (const [index, fallback] of fallbacks.entries()) checkFormat(fallback, `.fallback_formats[${index}]`, fields)
    const zone = readZone(fields)
    const action = fields.text('action_on_failure') ?? 'fudge'
    if (action !== 'fudge' && action !== 'skip')
      fields.mistake(`.action_on_failure: expected fudge or skip, found ${JSON.stringify(action)}`)

    return (pass, { now }) => {
      const parsers = [format, ...fallbacks].map((name) => parserOf(name, { zone, now }))
      const fudge = action === 'fudge' ? createFudge() : undefined
      return {
        push: (entry) => {
          const parsed = parseWith(parsers, extractedText(entry.extracted.get(source)))
          if (parsed !== undefined) entry.timestampNs = parsed
          fudge?.(entry, parsed !== undefined)
          pass(entry)
        },
      }
    }
  },
}

const RFC3339 = '2006-01-02T15:04:05Z07:00'

/** Formats that are no layouts, and those that are read faster than by their layout. */
const FORMATS: ReadonlyMap<string, () => TimeParser> = new Map([
  ['RFC3339', createRfc3339Parser],
  ['RFC3339Nano', createRfc3339Parser],
  ['Unix', () => parseUnixSeconds],
  ['UnixMs', () => parseInteger(1_000_000n)],
  ['UnixUs', () => parseInteger(1000n)],
  ['UnixNs', () => parseInteger(1n)],
])

/** Names for which Promtail does not look at `location`. */
const IN_UTC: ReadonlySet<string> = new Set(['ANSIC', 'UnixDate', 'RubyDate', 'RFC822', 'RFC822Z', 'RFC850', 'RFC1123', 'RFC1123Z'])

function parserOf(format: string, { zone, now }: TimeParserOptions): TimeParser {
  const known = FORMATS.get(format)?.()
  if (known !== undefined && !format.startsWith('RFC3339')) return known
  const layout = known === undefined ? (NAMED_LAYOUTS.get(format) ?? format) : RFC3339
  const parse = createTimeParser(layout, { zone: IN_UTC.has(format) ? undefined : zone, now })
  if (layout !== RFC3339) return parse
  // What it does not take, such as a comma before the fraction, Go's reader may.
  const fast = createRfc3339Parser()
  return (text) => fast(text) ?? parse(text)
}

function parseWith(parsers: readonly TimeParser[], text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  for (const parse of parsers) {
    const parsed = parse(text)
    if (parsed !== undefined && parsed >= FIRST_NS && parsed <= LAST_NS) return parsed
  }
  return undefined
}

/** From the year 1 to the year 9999: what storages take a time to be. */
const FIRST_NS = -62_135_596_800_000_000_000n
const LAST_NS = 253_402_300_799_999_999_999n

/** Seconds, also with a fraction: `1700000000.123456789` keeps every digit. As Promtail has it the fraction of `-5.5` counts forward, and may have a sign. */
function parseUnixSeconds(text: string): bigint | undefined {
  const match = /^([+-]?\d{1,19})(?:\.([+-]?)(\d+))?$/.exec(text)
  if (match === null) return undefined
  const [, seconds = '', sign = '', fraction = ''] = match
  // A sign takes the place of a digit.
  const nanos = BigInt(`${sign === '' ? '' : '0'}${fraction}`.padEnd(9, '0').slice(0, 9))
  return BigInt(seconds) * 1_000_000_000n + (sign === '-' ? -nanos : nanos)
}

const parseInteger =
  (unitNs: bigint): TimeParser =>
  (text) =>
    /^[+-]?\d{1,19}$/.test(text) ? BigInt(text) * unitNs : undefined

/** Streams whose last timestamp is remembered, the oldest forgotten first. */
const MAX_STREAMS = 1000

function createFudge(): (entry: PipelineEntry, parsed: boolean) => void {
  const last = new Map<string, bigint>()
  // Neighbouring lines mostly share their labels: 0.5 µs a line.
  let labels: LabelSet | undefined
  let key = ''
  return (entry, parsed) => {
    if (entry.labels !== labels) {
      labels = entry.labels
      key = JSON.stringify(labels.labels)
    }
    const before = last.get(key)
    if (!parsed && before === undefined) return
    if (!parsed && before !== undefined) entry.timestampNs = before + 1n
    last.delete(key)
    last.set(key, entry.timestampNs)
    const [oldest] = last.size > MAX_STREAMS ? last.keys() : []
    if (oldest !== undefined) last.delete(oldest)
  }
}

function checkFormat(format: string, key: string, fields: Fields): void {
  if (FORMATS.has(format) || NAMED_LAYOUTS.has(format) || tellsTime(format)) return
  const names = [...FORMATS.keys(), ...NAMED_LAYOUTS.keys()].join(', ')
  fields.mistake(`${key}: expected a layout such as 02/Jan/2006:15:04:05 -0700, or one of ${names}, found ${JSON.stringify(format)}`)
}

function readZone(fields: Fields): TimeZone | undefined {
  const location = fields.text('location') ?? ''
  if (location === '') return undefined
  try {
    // The machine's zone, or TZ's.
    return createTimeZone(location === 'Local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : location)
  } catch {
    fields.mistake(`.location: ${JSON.stringify(location)} is no time zone such as Asia/Seoul`)
    return undefined
  }
}
