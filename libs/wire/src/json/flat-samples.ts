import type { Labels, Sample, TimeSeries } from '@clymene/model'

/** One JSON object a sample, and how many samples have none: JSON has no NaN and no infinities. */
export type FlatSamples = { readonly messages: readonly Buffer[]; readonly leftOut: number }

/**
 * Samples as Apache Druid reads them, by Go Clymene's names: labels are members beside `timestamp` (RFC 3339, UTC) and `value`,
 * sorted, without white space, HTML characters escaped.
 *
 *     {"__name__":"up","cluster":"c1","timestamp":"2022-08-08T23:06:40.123Z","value":1}
 *
 * A label called `timestamp` or `value` is `exported_timestamp` or `exported_value`.
 *
 * @throws RangeError for a time outside of the years 0 to 9999, which RFC 3339 cannot write
 */
export function encodeFlatSamples(series: readonly TimeSeries[]): FlatSamples {
  const messages: Buffer[] = []
  let leftOut = 0
  for (const { labels, samples } of series) {
    const write = sampleWriter(labels)
    for (const sample of samples) {
      if (Number.isFinite(sample.value)) messages.push(Buffer.from(write(sample)))
      else leftOut++
    }
  }
  return { messages, leftOut }
}

/** What samples of a series have in common is written once: `value` and `timestamp` only go between. */
function sampleWriter(labels: Labels): (sample: Sample) => string {
  const members: [name: string, text: string][] = []
  const taken = new Set([...RESERVED, ...labels.map(([name]) => name)])
  for (const [name, value] of labels) {
    const free = RESERVED.has(name) ? freeName(name, taken) : name
    members.push([free, `${quoted(free)}:${quoted(value)},`])
  }
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  const between = (from: string, to: string): string =>
    members.reduce((text, [name, member]) => (name > from && (to === '' || name < to) ? text + member : text), '')
  const start = `{${between('', TIMESTAMP)}"${TIMESTAMP}":"`
  const middle = `",${between(TIMESTAMP, VALUE)}"${VALUE}":`
  const rest = between(VALUE, '')
  const end = `${rest === '' ? '' : `,${rest.slice(0, -1)}`}}`
  return ({ timestampMs, value }) => `${start}${rfc3339(timestampMs)}${middle}${value}${end}`
}

const TIMESTAMP = 'timestamp'
const VALUE = 'value'
const RESERVED: ReadonlySet<string> = new Set([TIMESTAMP, VALUE])

function freeName(name: string, taken: Set<string>): string {
  let free = name
  while (taken.has(free)) free = `exported_${free}`
  taken.add(free)
  return free
}

/** As Go's encoding/json: what would mean something inside of HTML or a script is escaped. */
const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** With as many digits of the second as it needs. */
function rfc3339(milliseconds: number): string {
  if (!(milliseconds >= YEAR_0_MS && milliseconds < YEAR_10000_MS)) {
    throw new RangeError(`time ${milliseconds} ms: expected one of the years 0 to 9999, RFC 3339 writes no other`)
  }
  return new Date(milliseconds).toISOString().replace(/\.?0*Z$/, 'Z')
}

const YEAR_0_MS = -62_167_219_200_000
const YEAR_10000_MS = 253_402_300_800_000
