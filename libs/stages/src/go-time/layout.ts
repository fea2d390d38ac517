/** A part of a layout of Go's package time: text as it stands, or a field. */
export type LayoutPart = { readonly literal: string } | { readonly field: LayoutField; readonly digits: number }

export type LayoutField =
  | 'year'
  | 'year2'
  | 'monthName'
  | 'monthShort'
  | 'month'
  | 'month0'
  | 'weekday'
  | 'weekdayShort'
  | 'day'
  | 'day_'
  | 'day0'
  | 'yearDay_'
  | 'yearDay0'
  | 'hour24'
  | 'hour12'
  | 'hour12_0'
  | 'minute'
  | 'minute0'
  | 'second'
  | 'second0'
  | 'PM'
  | 'pm'
  | 'zoneName'
  /** `.000`: exactly `digits` of them. */
  | 'fraction'
  /** `.999`: any number of digits, or none. */
  | 'fractionIfAny'
  | ZoneField

/** Offsets from UTC. Those with Z also take a `Z`. */
export type ZoneField = `${'Z' | '-'}${'07' | '0700' | '07:00' | '070000' | '07:00:00'}`

/** The longest first, as Go looks for them. */
const FIELDS: readonly (readonly [text: string, field: LayoutField])[] = [
  ['January', 'monthName'],
  ['Jan', 'monthShort'],
  ['Monday', 'weekday'],
  ['Mon', 'weekdayShort'],
  ['MST', 'zoneName'],
  ['01', 'month0'],
  ['02', 'day0'],
  ['03', 'hour12_0'],
  ['04', 'minute0'],
  ['05', 'second0'],
  ['06', 'year2'],
  ['002', 'yearDay0'],
  ['15', 'hour24'],
  ['1', 'month'],
  ['2006', 'year'],
  ['2', 'day'],
  ['__2', 'yearDay_'],
  ['_2', 'day_'],
  ['3', 'hour12'],
  ['4', 'minute'],
  ['5', 'second'],
  ['PM', 'PM'],
  ['pm', 'pm'],
  ['-070000', '-070000'],
  ['-07:00:00', '-07:00:00'],
  ['-0700', '-0700'],
  ['-07:00', '-07:00'],
  ['-07', '-07'],
  ['Z070000', 'Z070000'],
  ['Z07:00:00', 'Z07:00:00'],
  ['Z0700', 'Z0700'],
  ['Z07:00', 'Z07:00'],
  ['Z07', 'Z07'],
]
const FRACTION = /[.,](0+|9+)(?!\d)/y
const LOWER = /^[a-z]/

/**
 * Splits a layout such as `02/Jan/2006:15:04:05 -0700` into its fields and the text between them.
 *
 * @see https://pkg.go.dev/time#Layout
 */
export function parseLayout(layout: string): readonly LayoutPart[] {
  const parts: LayoutPart[] = []
  let literal = ''
  let position = 0
  while (position < layout.length) {
    const found = fieldAt(layout, position)
    if (found === undefined) {
      literal += layout.charAt(position++)
      continue
    }
    if (literal !== '') parts.push({ literal })
    literal = ''
    parts.push({ field: found.field, digits: found.digits })
    position += found.length
  }
  if (literal !== '') parts.push({ literal })
  return parts
}

type Found = { readonly field: LayoutField; readonly length: number; readonly digits: number }

function fieldAt(layout: string, position: number): Found | undefined {
  FRACTION.lastIndex = position
  const digits = FRACTION.exec(layout)?.[1]
  if (digits !== undefined) {
    return { field: digits.startsWith('0') ? 'fraction' : 'fractionIfAny', length: digits.length + 1, digits: digits.length }
  }
  // `_2006` is an underscore and a year.
  if (layout.startsWith('_2006', position)) return undefined
  for (const [text, field] of FIELDS) {
    if (!layout.startsWith(text, position)) continue
    // `Month` is a word, `Mon` is a field.
    const isWord = (field === 'monthShort' || field === 'weekdayShort') && LOWER.test(layout.slice(position + text.length))
    return isWord ? undefined : { field, length: text.length, digits: 0 }
  }
  return undefined
}

/** The layouts that have a name. @see https://pkg.go.dev/time#pkg-constants */
export const NAMED_LAYOUTS: ReadonlyMap<string, string> = new Map([
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UnixDate', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['Kitchen', '3:04PM'],
  ['Stamp', 'Jan _2 15:04:05'],
  ['StampMilli', 'Jan _2 15:04:05.000'],
  ['StampMicro', 'Jan _2 15:04:05.000000'],
  ['StampNano', 'Jan _2 15:04:05.000000000'],
  ['DateTime', '2006-01-02 15:04:05'],
  ['DateOnly', '2006-01-02'],
  ['TimeOnly', '15:04:05'],
])
