import { createPageWriter, NO_LIMITS, noCounts, type PageRules } from '@clymene/sources'
import { createWriteRequestWriter, type ExpositionFormat } from '@clymene/wire'

import type { Random } from '../../chaos/random.ts'
import { BODIES, EOF } from '../bodies.ts'
import { EXPOSITION_WORDS } from '../exposition-words.ts'
import { excerpt, mutate } from '../mutate.ts'
import { readPlainPage } from '../reference/read-plain-page.ts'
import { readPlainWriteRequest } from '../reference/write-request.ts'
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
    return difference({ fast: scrape(pages, format), plain: scrapePlainly(pages, format) })
  },
})

function scrape(pages: readonly Buffer[], format: ExpositionFormat): string[][] {
  const target = createPageWriter(RULES)
  const writer = createWriteRequestWriter()
  return pages.map((page, index) => {
    const timestampMs = 1000 * (index + 1)
    writer.reset()
    try {
      target.write(page, format, timestampMs, writer, noCounts())
    } catch {
      writer.reset()
      target.writeStale(timestampMs, writer)
    }
    return readPlainWriteRequest(writer.finish())
      .flatMap(({ labels, samples }) => samples.map(({ bits, timestampMs: at }) => `${JSON.stringify(labels)} ${bits} ${at}`))
      .toSorted()
  })
}

function scrapePlainly(pages: readonly Buffer[], format: ExpositionFormat): string[][] {
  let last: ReadonlyMap<string, string> = new Map()
  return pages.map((page, index) => {
    const read = readPlainPage(page, format)
    const shown = new Map<string, string>()
    for (const { labels, bits } of 'refused' in read ? [] : read.samples) {
      const key = JSON.stringify(labels.filter(([, value]) => value !== '').toSorted(([a], [b]) => (a < b ? -1 : 1)))
      // Of two samples for one time the first counts.
      if (!shown.has(key)) shown.set(key, bits)
    }
    const ended = [...last.keys()].filter((key) => !shown.has(key))
    last = shown
    const at = 1000 * (index + 1)
    return [...[...shown].map(([key, bits]) => `${key} ${bits} ${at}`), ...ended.map((key) => `${key} ${STALE} ${at}`)].toSorted()
  })
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
const TURNS = ['{', ' {', '{}', '{x="y"}', ' {x="y"}', '}', 'x', ' ', ',', '\n', '" ', '_1']

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
