/** A time zone by the rules of its place, seconds east of Greenwich. */
export type TimeZone = {
  /** @param seconds since the epoch. */
  readonly offsetAt: (seconds: number) => number
  /** The instant at which a clock of the zone shows the civil time `local`, seconds as if it were UTC. */
  readonly toUtc: (local: number) => number
  /** The offset that an abbreviation such as KST stands for here; undefined when the zone has none of that name. */
  readonly named: (abbreviation: string, local: number) => number | undefined
}

/** Quarters of an hour whose offset is remembered: rules change at such times. */
const MAX_REMEMBERED = 1000
const QUARTER = 900

/** @throws RangeError when there is no zone of that name. */
export function createTimeZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    calendar: 'gregory',
    numberingSystem: 'latn',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const known = new Map<number, number>()

  const read = (seconds: number): number => {
    const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]))
    const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
    const date = new Date(0)
    const year = number('year')
    date.setUTCFullYear(parts.get('era') === 'BC' ? 1 - year : year, number('month') - 1, number('day'))
    return date.getTime() / 1000 + number('hour') * 3600 + number('minute') * 60 + number('second') - seconds
  }
  const offsetAt = (seconds: number): number => {
    const quarter = Math.floor(seconds / QUARTER)
    const before = known.get(quarter)
    if (before !== undefined) return before
    const offset = read(quarter * QUARTER)
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(quarter, offset)
    return offset
  }
  return {
    offsetAt,
    // As Go: the offset that would hold if the clock were at UTC, looked up again at the instant that it gives. In the hour
    // that a clock shows twice it is one of the two, in the hour that it leaves out one of its neighbours.
    toUtc: (local) => {
      const guess = offsetAt(local)
      return guess === 0 ? local : local - offsetAt(local - guess)
    },
    named: (abbreviation, local) => {
      const halfYear = 182 * 86_400
      const offsets = [local, local - halfYear, local + halfYear].map(offsetAt)
      return ABBREVIATIONS.get(abbreviation)
        ?.map((hours) => hours * 3600)
        .find((offset) => offsets.includes(offset))
    },
  }
}

/** Hours that abbreviations stand for; some stand for several, and the zone tells which is meant. */
const ABBREVIATIONS: ReadonlyMap<string, readonly number[]> = new Map([
  ['GMT', [0]],
  ['WET', [0]],
  ['WEST', [1]],
  ['BST', [1, 6]],
  ['IST', [5.5, 1, 2]],
  ['CET', [1]],
  ['CEST', [2]],
  ['WAT', [1]],
  ['EET', [2]],
  ['EEST', [3]],
  ['CAT', [2]],
  ['SAST', [2]],
  ['IDT', [3]],
  ['EAT', [3]],
  ['MSK', [3]],
  ['PKT', [5]],
  ['WIB', [7]],
  ['WITA', [8]],
  ['WIT', [9]],
  ['HKT', [8]],
  ['PST', [-8, 8]],
  ['AWST', [8]],
  ['JST', [9]],
  ['KST', [9]],
  ['ACST', [9.5]],
  ['ACDT', [10.5]],
  ['AEST', [10]],
  ['AEDT', [11]],
  ['ChST', [10]],
  ['NZST', [12]],
  ['NZDT', [13]],
  ['SST', [-11]],
  ['HST', [-10]],
  ['HDT', [-9]],
  ['AKST', [-9]],
  ['AKDT', [-8]],
  ['PDT', [-7]],
  ['MST', [-7]],
  ['MDT', [-6]],
  ['CST', [-6, 8, -5]],
  ['CDT', [-5, 9, -4]],
  ['EST', [-5]],
  ['EDT', [-4]],
  ['AST', [-4]],
  ['ADT', [-3]],
  ['NST', [-3.5]],
  ['NDT', [-2.5]],
])
