import type { LayoutField, ZoneField } from './layout.ts'

/** What has been read of a text so far. One object is used for all texts of a parser. */
export type ClockReading = {
  text: string
  position: number
  year: number
  /** 1 to 12; 0: not read. */
  month: number
  /** From 1; 0: not read. */
  day: number
  yearDay: number
  hour: number
  minute: number
  second: number
  nanos: number
  half: 'none' | 'AM' | 'PM'
  /** Seconds east of Greenwich. */
  offset: number | undefined
  zoneName: string
}

/** Reads one field; false when it is not there or out of range. */
export type Step = (reading: ClockReading) => boolean

/** Text of a layout: a space stands for any number of them, also none at the end. */
export function literalStep(literal: string): Step {
  return (reading) => {
    const { text } = reading
    for (let index = 0; index < literal.length; index++) {
      if (literal.charCodeAt(index) !== SPACE) {
        if (text.charCodeAt(reading.position) !== literal.charCodeAt(index)) return false
        reading.position++
        continue
      }
      if (reading.position < text.length && text.charCodeAt(reading.position) !== SPACE) return false
      while (literal.charCodeAt(index + 1) === SPACE) index++
      skipSpaces(reading)
    }
    return true
  }
}

/** @param next the field that follows at once: a second takes a fraction that no field takes. */
export function fieldStep(field: LayoutField, digits: number, next: LayoutField | undefined): Step {
  if (field === 'fraction') return (reading) => readFraction(reading, digits)
  if (field === 'fractionIfAny')
    return (reading) => !isFraction(reading) || readFraction(reading, countDigits(reading.text, reading.position + 1))
  if (field === 'second' || field === 'second0') return secondStep(field === 'second0', next === 'fraction' || next === 'fractionIfAny')
  return STEPS[field]
}

const isFraction = ({ text, position }: ClockReading): boolean =>
  (text.charCodeAt(position) === POINT || text.charCodeAt(position) === COMMA) && digitAt(text, position + 1) >= 0

function readFraction(reading: ClockReading, digits: number): boolean {
  if (!isFraction(reading) || countDigits(reading.text, reading.position + 1) < digits) return false
  let nanos = 0
  let unit = 100_000_000
  for (let index = 0; index < digits && index < 9; index++) {
    nanos += digitAt(reading.text, reading.position + 1 + index) * unit
    unit /= 10
  }
  reading.nanos = nanos
  reading.position += digits + 1
  return true
}

function secondStep(fixed: boolean, fractionFollows: boolean): Step {
  const whole = numberStep('second', fixed, 0, 59)
  return (reading) => {
    if (!whole(reading)) return false
    if (fractionFollows || !isFraction(reading)) return true
    return readFraction(reading, countDigits(reading.text, reading.position + 1))
  }
}

type NumberField = 'year' | 'month' | 'day' | 'yearDay' | 'hour' | 'minute' | 'second'

/** One digit or two; `fixed` wants two. */
function numberStep(key: NumberField, fixed: boolean, least: number, most: number, padded = false): Step {
  return (reading) => {
    const { text } = reading
    if (padded && text.charCodeAt(reading.position) === SPACE) reading.position++
    const first = digitAt(text, reading.position)
    const second = digitAt(text, reading.position + 1)
    if (first < 0 || (fixed && second < 0)) return false
    const value = second < 0 ? first : first * 10 + second
    reading.position += second < 0 ? 1 : 2
    reading[key] = value
    return value >= least && value <= most
  }
}

function nameStep(names: readonly string[], take: (reading: ClockReading, index: number) => void): Step {
  const lower = names.map((name) => name.toLowerCase())
  const length = Math.max(...names.map((name) => name.length))
  return (reading) => {
    const text = reading.text.slice(reading.position, reading.position + length).toLowerCase()
    const index = lower.findIndex((name) => text.startsWith(name))
    if (index === -1) return false
    reading.position += lower[index]?.length ?? 0
    take(reading, index)
    return true
  }
}

function yearDayStep(fixed: boolean): Step {
  return (reading) => {
    for (let spaces = 0; !fixed && spaces < 2 && reading.text.charCodeAt(reading.position) === SPACE; spaces++) reading.position++
    const digits = Math.min(countDigits(reading.text, reading.position), 3)
    if (digits === 0 || (fixed && digits !== 3)) return false
    reading.yearDay = Number(reading.text.slice(reading.position, reading.position + digits))
    reading.position += digits
    return reading.yearDay >= 1 && reading.yearDay <= 366
  }
}

function yearStep(digits: 2 | 4): Step {
  return (reading) => {
    if (countDigits(reading.text, reading.position) < digits) return false
    const value = Number(reading.text.slice(reading.position, reading.position + digits))
    reading.position += digits
    // Two digits: 69 is 1969.
    reading.year = digits === 4 ? value : value >= 69 ? 1900 + value : 2000 + value
    return true
  }
}

function halfStep(am: string, pm: string): Step {
  return (reading) => {
    const half = reading.text.slice(reading.position, reading.position + 2)
    if (half !== am && half !== pm) return false
    reading.half = half === am ? 'AM' : 'PM'
    reading.position += 2
    return true
  }
}

function offsetStep(field: ZoneField): Step {
  const colon = field.includes(':') ? ':' : ''
  const digits = field.replaceAll(/\D/g, '').length
  const pattern = new RegExp(`([+-])(\\d\\d)${digits > 2 ? `${colon}(\\d\\d)` : ''}${digits > 4 ? `${colon}(\\d\\d)` : ''}`, 'y')
  return (reading) => {
    if (field.startsWith('Z') && reading.text.charCodeAt(reading.position) === Z) {
      reading.position++
      reading.offset = 0
      return true
    }
    pattern.lastIndex = reading.position
    const match = pattern.exec(reading.text)
    if (match === null) return false
    const [whole, sign, hours, minutes = 0, seconds = 0] = match
    // Some write offsets of 24 hours and 60 minutes; Go takes them.
    if (Number(hours) > 24 || Number(minutes) > 60 || Number(seconds) > 60) return false
    const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
    reading.offset = sign === '-' ? -offset : offset
    reading.position += whole.length
    return true
  }
}

/** `MeST`, `GMT` with an hour or without, `+03`, or three to five capitals, of which four and five end in T. */
const ZONE_NAME =
  /ChST|MeST|GMT[+-](?:0*(?:1\d|2[0-3]|\d))(?!\d)|GMT|[+-]0*(?:1\d|2[0-3]|\d)(?!\d)|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])/y

const zoneNameStep: Step = (reading) => {
  if (reading.text.startsWith('UTC', reading.position)) {
    reading.position += 3
    reading.offset = 0
    return true
  }
  ZONE_NAME.lastIndex = reading.position
  const name = ZONE_NAME.exec(reading.text)?.[0]
  if (name === undefined) return false
  reading.zoneName = name
  reading.position += name.length
  return true
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const shorten = (names: readonly string[]): readonly string[] => names.map((name) => name.slice(0, 3))
const takeMonth = (reading: ClockReading, index: number): void => {
  reading.month = index + 1
}

const STEPS: Readonly<Record<Exclude<LayoutField, 'fraction' | 'fractionIfAny' | 'second' | 'second0'>, Step>> = {
  year: yearStep(4),
  year2: yearStep(2),
  monthName: nameStep(MONTHS, takeMonth),
  monthShort: nameStep(shorten(MONTHS), takeMonth),
  month: numberStep('month', false, 1, 12),
  month0: numberStep('month', true, 1, 12),
  weekday: nameStep(DAYS, () => undefined),
  weekdayShort: nameStep(shorten(DAYS), () => undefined),
  day: numberStep('day', false, 1, 31),
  day_: numberStep('day', false, 1, 31, true),
  day0: numberStep('day', true, 1, 31),
  yearDay_: yearDayStep(false),
  yearDay0: yearDayStep(true),
  hour24: numberStep('hour', false, 0, 23),
  hour12: numberStep('hour', false, 0, 12),
  hour12_0: numberStep('hour', true, 0, 12),
  minute: numberStep('minute', false, 0, 59),
  minute0: numberStep('minute', true, 0, 59),
  PM: halfStep('AM', 'PM'),
  pm: halfStep('am', 'pm'),
  zoneName: zoneNameStep,
  Z07: offsetStep('Z07'),
  Z0700: offsetStep('Z0700'),
  'Z07:00': offsetStep('Z07:00'),
  Z070000: offsetStep('Z070000'),
  'Z07:00:00': offsetStep('Z07:00:00'),
  '-07': offsetStep('-07'),
  '-0700': offsetStep('-0700'),
  '-07:00': offsetStep('-07:00'),
  '-070000': offsetStep('-070000'),
  '-07:00:00': offsetStep('-07:00:00'),
}

/** -1 when there is no digit. */
function digitAt(text: string, position: number): number {
  const digit = text.charCodeAt(position) - ZERO
  return digit >= 0 && digit <= 9 ? digit : -1
}

function countDigits(text: string, start: number): number {
  let position = start
  while (digitAt(text, position) >= 0) position++
  return position - start
}

function skipSpaces(reading: ClockReading): void {
  while (reading.text.charCodeAt(reading.position) === SPACE) reading.position++
}

const SPACE = 0x20
const COMMA = 0x2c
const POINT = 0x2e
const ZERO = 0x30
const Z = 0x5a
