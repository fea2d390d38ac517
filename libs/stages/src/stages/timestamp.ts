import { extractedText, type PipelineEntry } from '../entry.ts'
import type { Fields } from '../fields.ts'
import { createRfc3339Parser } from '../rfc3339.ts'
import type { StageKind } from '../stage.ts'

/**
 * Makes an extracted value the timestamp: `format` and `fallback_formats` are tried in order. When none fits,
 * `action_on_failure: fudge` takes the timestamp before of the same labels plus one nanosecond, so that order stays;
 * `skip` keeps the time of reading.
 */
export const timestamp: StageKind = {
  keys: ['source', 'format', 'fallback_formats', 'location', 'action_on_failure'],
  parse: (fields) => {
    const source = fields.text('source') ?? ''
    if (source === '') fields.mistake('.source: expected the name of an extracted value')
    const format = fields.text('format') ?? ''
    if (format === '') fields.mistake(`.format: expected one of ${[...FORMATS.keys()].join(', ')}`)
    else checkFormat(format, '.format', fields)
    const fallbacks = fields.texts('fallback_formats')
    for (const [index, fallback] of fallbacks.entries()) checkFormat(fallback, `.fallback_formats[${index}]`, fields)
    checkLocation(fields)
    const action = fields.text('action_on_failure') ?? 'fudge'
    if (action !== 'fudge' && action !== 'skip')
      fields.mistake(`.action_on_failure: expected fudge or skip, found ${JSON.stringify(action)}`)

    return (pass) => {
      const parsers = [format, ...fallbacks].map((name) => FORMATS.get(name)?.() ?? (() => undefined))
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

type Parser = (text: string) => bigint | undefined

const FORMATS: ReadonlyMap<string, () => Parser> = new Map([
  ['RFC3339', createRfc3339Parser],
  ['RFC3339Nano', createRfc3339Parser],
  ['Unix', () => parseUnixSeconds],
  ['UnixMs', () => parseInteger(1_000_000n)],
  ['UnixUs', () => parseInteger(1000n)],
  ['UnixNs', () => parseInteger(1n)],
])

function parseWith(parsers: readonly Parser[], text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  for (const parse of parsers) {
    const parsed = parse(text)
    if (parsed !== undefined) return parsed
  }
  return undefined
}

/** Seconds, also with a fraction: `1700000000.123456789` keeps every digit. */
function parseUnixSeconds(text: string): bigint | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text)
  if (match === null) return undefined
  return BigInt(match[1] ?? 0) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
}

const parseInteger =
  (unitNs: bigint): Parser =>
  (text) =>
    /^\d{1,19}$/.test(text) ? BigInt(text) * unitNs : undefined

/** Streams whose last timestamp is remembered, the oldest forgotten first. */
const MAX_STREAMS = 1000

function createFudge(): (entry: PipelineEntry, parsed: boolean) => void {
  const last = new Map<string, bigint>()
  return (entry, parsed) => {
    const key = JSON.stringify(entry.labels.labels)
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
  if (FORMATS.has(format)) return
  fields.mistake(`${key}: ${JSON.stringify(format)} is not supported yet, expected one of ${[...FORMATS.keys()].join(', ')}`)
}

/** The supported formats carry their zone, so a location changes nothing; it has to be one all the same. */
function checkLocation(fields: Fields): void {
  const location = fields.text('location')
  if (location === undefined || location === '') return
  try {
    new Intl.DateTimeFormat('en', { timeZone: location }).format()
  } catch {
    fields.mistake(`.location: ${JSON.stringify(location)} is no time zone such as Asia/Seoul`)
  }
}
