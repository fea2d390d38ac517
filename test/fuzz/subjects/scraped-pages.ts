import { createPageWriter, NO_LIMITS, noCounts, type PageRules } from '@clymene/sources'
import { createWriteRequestWriter, type ExpositionFormat } from '@clymene/wire'

import type { Random } from '../../chaos/random.ts'
import { BODIES, EOF } from '../bodies.ts'
import { EXPOSITION_WORDS } from '../exposition-words.ts'
import { excerpt, mutate } from '../mutate.ts'
import type { ReadSample } from '../reference/read-page.ts'
import { readPlainPage } from '../reference/read-plain-page.ts'
import { type PlainSeries, readPlainWriteRequest } from '../reference/write-request.ts'
import { difference, type Subject } from '../subject.ts'

const RULES: PageRules = {
  target: [],
  external: [],
  honorLabels: false,
  honorTimestamps: false,
  trackTimestampsStaleness: false,
  metricRelabel: () => true,
  limits: NO_LIMITS,
}
const SEPARATOR = 0x1e
const NOTHING = Buffer.alloc(0)
const MAX_AHEAD_MS = 600_000
const STALE = '7ff0000000000002'

/**
 * Pages of one target one after the other, as the agent scrapes them (it remembers the texts of the last page and does not read them
 * again), against the plain reader and a plain account of which series have ended.
 */
export const scrapedPagesSubject = (format: ExpositionFormat): Subject => ({
  name: `pages-${format}`,
  make: (random) => makePages(format, random),
  problem: (input) => {
    const pages = cut(input)
    return (
      difference({ fast: scrape(pages, format, RULES).map(samplesOf), plain: scrapePlainly(pages, format) }) ??
      wrongWithTimes(pages, format)
    )
  },
})

type Scraped = { readonly good: boolean; readonly series: readonly PlainSeries[] }

function scrape(pages: readonly Buffer[], format: ExpositionFormat, rules: PageRules): Scraped[] {
  const target = createPageWriter(rules)
  const writer = createWriteRequestWriter()
  return pages.map((page, index) => {
    const timestampMs = timeOf(index)
    let good = true
    writer.reset()
    try {
      target.write(page, format, timestampMs, writer, noCounts())
    } catch {
      good = false
      writer.reset()
      target.writeStale(timestampMs, writer)
    }
    return { good, series: readPlainWriteRequest(writer.finish()) }
  })
}

const timeOf = (page: number): number => 1000 * (page + 1)

const samplesOf = ({ series }: Scraped): string[] =>
  series
    .flatMap(({ labels, samples }) => samples.map(({ bits, timestampMs }) => `${JSON.stringify(labels)} ${bits} ${timestampMs}`))
    .toSorted()

const keyOf = ({ labels }: ReadSample): string =>
  JSON.stringify(labels.filter(([, value]) => value !== '').toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** What every page gives when exposed times are not honoured. */
function scrapePlainly(pages: readonly Buffer[], format: ExpositionFormat): string[][] {
  let last: ReadonlyMap<string, string> = new Map()
  return pages.map((page, index) => {
    const read = readPlainPage(page, format)
    const shown = new Map<string, string>()
    // Of two samples for one time the first counts.
    for (const sample of 'refused' in read ? [] : read.samples) if (!shown.has(keyOf(sample))) shown.set(keyOf(sample), sample.bits)
    const ended = [...last.keys()].filter((key) => !shown.has(key))
    last = shown
    const at = timeOf(index)
    return [...[...shown].map(([key, bits]) => `${key} ${bits} ${at}`), ...ended.map((key) => `${key} ${STALE} ${at}`)].toSorted()
  })
}

/**
 * With exposed times: until its marker a series rises in time, as stores want it; what is sent stands on its page or ends a series; what
 * could be sent is. Series that a page shows twice are left to the store.
 */
function wrongWithTimes(pages: readonly Buffer[], format: ExpositionFormat): string | undefined {
  const last = new Map<string, number>()
  for (const [index, { good, series }] of scrape(pages, format, { ...RULES, honorTimestamps: true }).entries()) {
    const page = pages[index] ?? NOTHING
    const now = timeOf(index)
    // A page without a byte is a good one that exposes nothing.
    const read = readPlainPage(page, page.length === 0 ? 'text' : format)
    if (good === 'refused' in read) return `page ${index} is ${good ? 'taken' : 'refused'}`
    const shown = Map.groupBy('refused' in read ? [] : read.samples, keyOf)
    const ended = new Set<string>()
    for (const { labels, samples } of series) {
      const key = JSON.stringify(labels)
      for (const { bits, timestampMs } of samples) {
        const name = `page ${index}: ${key} ${bits} ${timestampMs}`
        if (bits === STALE && timestampMs === now) {
          if (shown.has(key) && shown.get(key)?.every(({ ts }) => ts === undefined) === true) return `${name} ends a series that is there`
          last.delete(key)
          ended.add(key)
          continue
        }
        if (shown.get(key)?.some((one) => one.bits === bits && (one.ts ?? now) === timestampMs) !== true)
          return `${name} is not on the page`
        if (shown.get(key)?.length === 1 && timestampMs <= (last.get(key) ?? -Infinity)) return `${name} is not after ${last.get(key)}`
        last.set(key, Math.max(timestampMs, last.get(key) ?? -Infinity))
      }
    }
    for (const [key, [sample, ...more]] of shown) {
      const at = sample?.ts ?? now
      const isSent = ended.has(key) || (last.get(key) ?? -Infinity) >= at
      if (more.length === 0 && at <= now + MAX_AHEAD_MS && !isSent) return `page ${index}: ${key} ${at} is not sent`
    }
  }
  return undefined
}

function cut(input: Buffer): Buffer[] {
  const pages: Buffer[] = []
  let start = 0
  for (let end = input.indexOf(SEPARATOR); end >= 0; end = input.indexOf(SEPARATOR, start)) {
    pages.push(input.subarray(start, end))
    start = end + 1
  }
  return [...pages, input.subarray(start)]
}

/** What turns one series into another. */
const TURNS = [
  '{',
  ' {',
  '{}',
  '{x="y"}',
  ' {x="y"}',
  '}',
  'x',
  ' ',
  ',',
  '\n',
  '" ',
  '_1',
  ' 1000',
  ' 1500',
  ' 2000',
  ' 3',
  ' 900000',
  ' 601500',
  ' 0.5',
]

/** Each page is the one before with a change, or that one again. TYPE lines are left out: what one means for a known text is its first. */
function makePages(format: ExpositionFormat, random: Random): Buffer {
  const words = [...TURNS, ...TURNS, ...TURNS, ...EXPOSITION_WORDS.filter((word) => !word.includes('TYPE'))]
  const first = excerpt(random.pick(BODIES[format]), random, 30)
    .toString('latin1')
    .replaceAll(/^# TYPE .*\n/gm, '')
  const pages: Buffer[] = [Buffer.from(first, 'latin1')]
  for (let left = random.between(2, 8); left > 0; left--) {
    const base = random.next() < 0.7 ? (pages.at(-1) ?? Buffer.alloc(0)) : random.pick(pages)
    pages.push(random.next() < 0.2 ? base : mutate(base, random, words))
  }
  const ending = format === 'openmetrics' ? EOF : Buffer.alloc(0)
  return Buffer.concat(pages.flatMap((page, index) => (index === 0 ? [page, ending] : [Buffer.of(SEPARATOR), page, ending])))
}
