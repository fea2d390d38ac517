import type { ExpositionFormat } from '@clymene/wire'

import type { Random } from '../../chaos/random.ts'
import { BODIES, EOF } from '../bodies.ts'
import { EXPOSITION_WORDS } from '../exposition-words.ts'
import { wrongWithTimes } from '../laws/with-times.ts'
import { wrongWithoutTimes } from '../laws/without-times.ts'
import { excerpt, mutate } from '../mutate.ts'
import type { Subject } from '../subject.ts'

const SEPARATOR = 0x1e

/**
 * Pages of one target one after the other, as the agent scrapes them (it remembers the texts of the last page and does not read them
 * again), against the plain reader and a plain account of which series have ended.
 */
export const scrapedPagesSubject = (format: ExpositionFormat): Subject => ({
  name: `pages-${format}`,
  make: (random) => makePages(format, random),
  problem: (input) => {
    const pages = cut(input)
    return wrongWithoutTimes(pages, format) ?? wrongWithTimes(pages, format)
  },
})

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
  ' # {t="x"} 1',
  ' # {} 2 1.5',
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
