import { type ClockReading, fieldStep, literalStep, type Step } from './clock-reading.ts'
import { type LayoutField, parseLayout } from './layout.ts'
import type { TimeZone } from './time-zone.ts'

/** Turns text into nanoseconds since the epoch; undefined when it does not follow the layout or is no time there is. */
export type TimeParser = (text: string) => bigint | undefined

export type TimeParserOptions = {
  /** For texts without an offset; UTC when undefined. */
  readonly zone: TimeZone | undefined
  /** The clock, nanoseconds since the epoch: gives the year to layouts without one. */
  readonly now: () => bigint
}

/**
 * Parses times by a layout of Go's package time, with the answers of `time.ParseInLocation`. A layout without a year takes
 * the year of the clock, or its neighbour around New Year's Eve, as Promtail does. An abbreviation of a zone that `zone`
 * does not use counts as UTC, as it does in Go.
 *
 * @see https://pkg.go.dev/time#Parse
 */
export function createTimeParser(layout: string, options: TimeParserOptions): TimeParser {
  const { steps, hasYear } = compile(layout)
  const reading: ClockReading = { ...START, text: '' }
  return (text) => {
    Object.assign(reading, START)
    reading.text = text
    for (const step of steps) if (!step(reading)) return undefined
    if (reading.position !== text.length) return undefined
    settleHour(reading)
    if (!settleDay(reading)) return undefined
    const year = hasYear ? reading.year : likelyYear(reading.month, options.now())
    const local = daysFromCivil(year, reading.month, reading.day) * 86_400 + reading.hour * 3600 + reading.minute * 60 + reading.second
    return BigInt(toUtc(local, reading, options.zone)) * 1_000_000_000n + BigInt(reading.nanos)
  }
}

/** Whether a layout tells a day or an hour: one that does neither, such as `yyyy-MM-dd` or `iso8601`, is a slip. */
export const tellsTime = (layout: string): boolean =>
  parseLayout(layout).some((part) => 'field' in part && /^(?:day|yearDay|hour)/.test(part.field))

const START: Omit<ClockReading, 'text'> = {
  position: 0,
  year: 0,
  month: 0,
  day: 0,
  yearDay: 0,
  hour: 0,
  minute: 0,
  second: 0,
  nanos: 0,
  half: 'none',
  offset: undefined,
  zoneName: '',
}

function compile(layout: string): { readonly steps: readonly Step[]; readonly hasYear: boolean } {
  const parts = parseLayout(layout)
  const fields = parts.map((part): LayoutField | undefined => ('field' in part ? part.field : undefined))
  return {
    steps: parts.map((part, index) =>
      'literal' in part ? literalStep(part.literal) : fieldStep(part.field, part.digits, nextField(fields, index)),
    ),
    hasYear: fields.includes('year') || fields.includes('year2'),
  }
}

/** Go looks at the next field wherever it is. */
const nextField = (fields: readonly (LayoutField | undefined)[], index: number): LayoutField | undefined =>
  fields.slice(index + 1).find((field) => field !== undefined)

function settleHour(reading: ClockReading): void {
  if (reading.half === 'PM' && reading.hour < 12) reading.hour += 12
  if (reading.half === 'AM' && reading.hour === 12) reading.hour = 0
}

/** Month and day of the day of the year, January 1 when nothing was read; false for a day that the month does not have. */
function settleDay(reading: ClockReading): boolean {
  if (reading.yearDay > 0) {
    const leap = isLeap(reading.year)
    if (reading.yearDay > (leap ? 366 : 365)) return false
    let month = 1
    let day = reading.yearDay
    while (day > daysIn(month, leap)) day -= daysIn(month++, leap)
    if ((reading.month > 0 && reading.month !== month) || (reading.day > 0 && reading.day !== day)) return false
    reading.month = month
    reading.day = day
    return true
  }
  reading.month ||= 1
  reading.day ||= 1
  return reading.day <= daysIn(reading.month, isLeap(reading.year))
}

/** A time in December read in January is of last year, one in January read in December of the next. */
function likelyYear(month: number, nowNs: bigint): number {
  const now = new Date(Number(nowNs / 1_000_000n))
  const year = now.getUTCFullYear()
  if (month === 12 && now.getUTCMonth() === 0) return year - 1
  if (month === 1 && now.getUTCMonth() === 11) return year + 1
  return year
}

function toUtc(local: number, { offset, zoneName }: ClockReading, zone: TimeZone | undefined): number {
  if (offset !== undefined) return local - offset
  if (zoneName !== '') return local - (zone?.named(zoneName, local) ?? 0)
  return zone?.toUtc(local) ?? local
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const daysIn = (month: number, leap: boolean): number => (month === 2 && leap ? 29 : (LENGTHS[month - 1] ?? 0))

/** Days since 1970-01-01; a day past the end of its month is in the next. */
function daysFromCivil(year: number, month: number, day: number): number {
  // Years begin in March: the leap day is their last.
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
