import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { chooseFormat } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { CONTENT_TYPES, type GoldenPage, PAGES } from '../golden/exposition/cases.ts'
import { readFastPage } from './fast-page.ts'
import type { ReadPage, ReadSample } from './reference/read-page.ts'
import { readPlainPage } from './reference/read-plain-page.ts'
import { exemplarLabels } from './reference/texts.ts'

type Answer = {
  readonly samples?: readonly ReadSample[]
  readonly metadata?: readonly (readonly [string, string, string])[]
  readonly error?: string
  readonly reader?: string
}

const folder = join(import.meta.dirname, '../golden/exposition')
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by generate.ts
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as readonly Answer[]

const [BLANKS, NUL, TIMES] = [
  'blanks before a name are not part of it',
  'a NUL where it means nothing is not read over, and ends no page',
  'a time is the nearest that a double can hold, not an overflow',
]
/** Where we mean to differ, and why (docs/differences.md). */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ['text: \\u0020a 1\\n', BLANKS],
  ['text: \\ta 1\\n', BLANKS],
  ['text: # HELP a \\u0000\\n', NUL],
  ['text: a{b=\\"c\\"\\u0000} 1\\n', NUL],
  ['openmetrics: a{b=\\"c\\"\\u0000} 1\\n# EOF\\n', NUL],
  ['text: a 1 9223372036854775807\\n', TIMES],
  ['openmetrics: a 1 9223372036854775807\\n# EOF\\n', TIMES],
  ['openmetrics: a 1 9223372036854775808\\n# EOF\\n', TIMES],
  ['openmetrics: a 1 99999999999999999999\\n# EOF\\n', TIMES],
  ['openmetrics: a_total 1 # {a=\\"b\\"} 1 1e300\\n# EOF\\n', TIMES],
  ['openmetrics: a 1 1e300\\n# EOF\\n', TIMES],
])

const nameOf = ({ format, page }: GoldenPage): string =>
  `${format}: ${JSON.stringify(page.toString('latin1')).slice(1, -1).replace(/^ /, '\\u0020')}`

describe('a page is read as Prometheus 3.15 reads it', () => {
  const cases = PAGES.map((golden, index) => ({ ...golden, name: nameOf(golden), answer: answers[index] ?? {} }))
  const kinds = Map.groupBy(cases, ({ kind }) => kind)

  test.each([...kinds])('%s', (_, ofKind) => {
    const wrong = ofKind.flatMap(({ name, format, page, answer }) => {
      const theirs = comparable(pageOf(answer))
      const ours = { fast: comparable(readFastPage(page, format)), plain: comparable(readPlainPage(page, format)) }
      const same = ours.fast === theirs && ours.plain === theirs
      return same === DIFFERENCES.has(name) || ours.fast !== ours.plain ? [{ name, theirs, ...ours }] : []
    })
    expect(wrong).toEqual([])
  })
})

test.each(CONTENT_TYPES.map((contentType, index) => [contentType.toString('latin1'), answers[PAGES.length + index]] as const))(
  'Content-Type %j',
  (contentType, answer) => {
    const choose = (): string => chooseFormat(contentType)
    if (answer?.reader === undefined) expect(choose).toThrow('fallback_scrape_protocol')
    else expect(choose()).toBe(answer.reader)
  },
)

/** A refusal's words are our own, and `untyped` is what Prometheus calls unknown. */
function comparable(page: ReadPage): string {
  return 'refused' in page ? 'refused' : JSON.stringify(page).replaceAll('"untyped"', '"unknown"')
}

function pageOf({ samples = [], metadata = [], error }: Answer): ReadPage {
  if (error !== undefined) return { refused: error }
  return { samples: samples.map(withUsableExemplar), metadata }
}

/** Prometheus looks at an exemplar's labels only when it stores them, and leaves their escapes as they are. */
function withUsableExemplar(sample: ReadSample): ReadSample {
  const { exemplar } = sample
  if (exemplar === undefined || exemplar.labels === 'unusable') return sample
  const latin1 = exemplar.labels.map(([name, value]) => [toLatin1(name), toLatin1(value)] as const)
  return { ...sample, exemplar: { ...exemplar, labels: exemplarLabels(latin1) ?? 'unusable' } }
}

const toLatin1 = (text: string): string => Buffer.from(text).toString('latin1')
