import {
  compress,
  createWriteRequestWriter,
  decodeWriteRequest,
  decompress,
  scanWriteRequest,
  spliceBlocks,
  splitWriteRequest,
} from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { NO_LIMITS } from './job.ts'
import { createMetadataTable, type MetadataTableOptions } from './metadata-table.ts'
import { noCounts } from './page-counts.ts'
import { createPageWriter } from './page-writer.ts'
import { createSeriesBudget } from './series-budget.ts'

const NO_RULES = {
  target: [],
  external: [],
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  metricRelabel: () => true,
  limits: NO_LIMITS,
}

/** Pages of OpenMetrics of some targets that share what they have in common. */
function targets(number: number, options: Partial<MetadataTableOptions> & { readonly seriesLimit?: number } = {}) {
  const { seriesLimit = 0, ...table } = options
  const metadata = createMetadataTable({ intervalMs: 60_000, ...table })
  const budget = createSeriesBudget(seriesLimit)
  const writers = Array.from({ length: number }, () => createPageWriter(NO_RULES, { metadata, budget: createSeriesBudget(0, budget) }))
  const writer = createWriteRequestWriter()
  return {
    writers,
    budget,
    page: (target: number, atMs: number, text: string) => {
      writer.reset()
      const counts = noCounts()
      writers[target]?.write(Buffer.from(`${text}# EOF\n`), 'openmetrics', atMs, writer, counts)
      const body = Buffer.from(writer.finish())
      return { ...scanWriteRequest(body), body, counts }
    },
  }
}

const FAMILIES = '# HELP a What \\"a\\"\\nis.\n# TYPE a counter\na_total 1\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\nb_seconds 1\n'

describe('metadata', () => {
  test('is sent when it is new, and again after the interval, once for all targets that say the same', () => {
    const { page } = targets(2)
    const sent = [
      page(0, 0, FAMILIES),
      page(1, 1000, FAMILIES),
      page(0, 15_000, FAMILIES),
      page(0, 60_000, FAMILIES),
      page(1, 61_000, FAMILIES),
    ]
    expect(sent.map((one) => one.metadata)).toEqual([2, 0, 0, 2, 0])
  })

  test('that changes is sent with the next new series or interval; both of two that differ are sent', () => {
    const { page } = targets(2)
    page(0, 0, '# HELP a one\na 1\n')
    expect(page(1, 1000, '# HELP a two\na 1\n').metadata).toBe(1)
    expect(page(0, 2000, '# HELP a three\na 1\n').metadata).toBe(0)
    expect(page(0, 3000, '# HELP a three\na 1\nb 1\n').metadata).toBe(1)
  })

  test('is shown with escapes replaced', () => {
    const { page, writers } = targets(1, { intervalMs: 0 })
    expect(page(0, 0, FAMILIES).metadata).toBe(0)
    expect([...(writers[0]?.families() ?? [])]).toMatchObject([
      ['a', { type: 'counter', help: 'What "a"\nis.', unit: '' }],
      ['b_seconds', { type: 'gauge', help: '', unit: 'seconds' }],
    ])
  })

  test('of a page that fails is not sent, and is with the next good one', () => {
    const { page } = targets(1)
    expect(() => page(0, 0, `${FAMILIES}x{`)).toThrow('line 7')
    expect(page(0, 1000, FAMILIES).metadata).toBe(2)
  })

  test('beyond the bound is counted, until what nobody says any more makes room', () => {
    let leftOut = 0
    const { page } = targets(1, { mostFamilies: 2, leaveOut: () => leftOut++ })
    expect(page(0, 0, '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE c gauge\nc 1\n').metadata).toBe(2)
    expect(leftOut).toBe(1)
    expect(page(0, 700_000, '# TYPE c gauge\nc 1\n').metadata).toBe(1)
    expect(leftOut).toBe(1)
  })

  test('of many characters has a bound too', () => {
    let leftOut = 0
    const { page } = targets(1, { mostCharacters: 10, leaveOut: () => leftOut++ })
    expect(page(0, 0, '# HELP a 0123456789\na 1\n').metadata).toBe(0)
    expect(leftOut).toBe(1)
  })
})

describe('exemplars', () => {
  const bucket = (exemplar: string): string => `# TYPE h histogram\nh_bucket{le="1"} 1 # ${exemplar}\n`

  const pairs: [string, string, string, number][] = [
    ['the same again', '{trace="1"} 0.5', '{trace="1"} 0.5', 0],
    ['the same with the same time', '{trace="1"} 0.5 1', '{trace="1"} 0.5 1', 0],
    ['another value', '{trace="1"} 0.5', '{trace="1"} 0.6', 1],
    ['other labels', '{trace="1"} 0.5', '{trace="2"} 0.5', 1],
    ['a later time', '{trace="1"} 0.5 1', '{trace="1"} 0.5 2', 1],
    ['an earlier time', '{trace="1"} 0.5 2', '{trace="2"} 0.5 1', 0],
    ['labels of 129 characters', '{trace="1"} 0.5', `{trace="${'x'.repeat(124)}"} 0.5`, 0],
    ['labels of 128 characters', '{trace="1"} 0.5', `{trace="${'x'.repeat(123)}"} 0.5`, 1],
  ]
  test.each(pairs)('%s', (_, first, second, expected) => {
    const { page } = targets(1)
    expect(page(0, 10_000, bucket(first)).exemplars).toBe(1)
    expect(page(0, 20_000, bucket(second)).exemplars).toBe(expected)
  })

  test('of a page that fails counts as not sent; of a sample that is not sent goes with no other', () => {
    const { page } = targets(1)
    expect(() => page(0, 0, `${bucket('{trace="1"} 0.5')}x{`)).toThrow('line 3')
    expect(page(0, 1000, bucket('{trace="1"} 0.5')).exemplars).toBe(1)
    expect(page(0, 2000, `${bucket('{trace="2"} 0.5')}h_bucket{le="1"} 2 # {trace="3"} 1\nother 1\n`)).toMatchObject({
      exemplars: 1,
      samples: 2,
    })
  })
})

test('a body with metadata and exemplars is halved and joined without loss', () => {
  const { page } = targets(1)
  const { body } = page(
    0,
    1000,
    '# HELP h Times\n# TYPE h histogram\nh_bucket{le="1"} 1 # {t="1"} 0.5\nh_bucket{le="+Inf"} 2 # {t="2"} 5\n',
  )
  const all = { samples: 2, exemplars: 2, metadata: 1 }
  expect(scanWriteRequest(body)).toMatchObject(all)
  expect(decodeWriteRequest(body).map(({ samples }) => samples.length)).toEqual([1, 1])
  const halves = splitWriteRequest(body) ?? []
  expect(scanWriteRequest(Buffer.concat(halves))).toMatchObject(all)
  expect(halves.map((half) => scanWriteRequest(half).exemplars)).toEqual([1, 1])
  const spliced = spliceBlocks(halves.map((half) => compress(half)))
  expect(scanWriteRequest(decompress(spliced, 1 << 20))).toMatchObject(all)
})

describe('a budget of series', () => {
  test('leaves the newest out, for as long as there is no room; the others go on', () => {
    const { page, writers, budget } = targets(2, { seriesLimit: 3 })
    expect(page(0, 1000, 'a{user="1"} 1\na{user="2"} 1\n')).toMatchObject({ samples: 2, counts: { leftOut: 0 } })
    expect(page(1, 1000, 'b 1\nc 1\n')).toMatchObject({ samples: 1, counts: { leftOut: 1, kept: 2 } })
    expect(page(0, 2000, 'a{user="3"} 1\na{user="2"} 1\na{user="1"} 1\na{user="4"} 1\n')).toMatchObject({
      samples: 2,
      counts: { leftOut: 2 },
    })
    expect(writers[0]?.growingLabels()).toEqual([{ name: 'user', values: 2, sampled: 2 }])
    expect(page(0, 3000, 'a{user="3"} 1\n')).toMatchObject({ samples: 2, counts: { leftOut: 1 } })
    expect(page(0, 4000, 'a{user="3"} 1\n')).toMatchObject({ samples: 1, counts: { leftOut: 0 } })
    expect(budget.used()).toBe(2)
    writers[0]?.close()
    expect(page(1, 2000, 'b 1\nc 1\n')).toMatchObject({ samples: 2, counts: { leftOut: 0 } })
    expect(budget.used()).toBe(2)
  })

  test('values of labels are counted in a sample: only of a target that is smaller than it are they all', () => {
    const { page, writers } = targets(1, { seriesLimit: 0 })
    const body = (count: number): string => Array.from({ length: count }, (_, index) => `b{x="${index}"} 1\n`).join('')
    page(0, 1000, body(1000))
    expect(writers[0]?.growingLabels()).toEqual([{ name: 'x', values: 1000 }])
    page(0, 2000, body(5000))
    expect(writers[0]?.growingLabels()).toEqual([{ name: 'x', values: 1000, sampled: 1000 }])
  })

  test('says of each series whether it is sent', () => {
    const { page, writers } = targets(1, { seriesLimit: 2 })
    page(0, 1000, 'a 1\nb 1\nc 1\n')
    const sends = (name: string): boolean | undefined => {
      writers[0]?.keep()
      return writers[0]?.sends([['__name__', name]])
    }
    expect(['a', 'b', 'c', 'd'].map(sends)).toEqual([true, true, false, false])
    page(0, 2000, 'b 1\nc 1\n')
    expect(['a', 'b', 'c'].map(sends)).toEqual([false, true, false])
    page(0, 3000, 'b 1\nc 1\n')
    expect(['a', 'b', 'c'].map(sends)).toEqual([false, true, true])
  })

  test('what is far beyond it costs no relabelling, and no memory', () => {
    const { page, writers } = targets(1, { seriesLimit: 1 })
    page(0, 1000, 'a 1\n')
    const many = Array.from({ length: 3000 }, (_, index) => `b{x="${index}"} 1\n`).join('')
    expect(page(0, 2000, `a 1\n${many}`).counts).toMatchObject({ scraped: 3001, kept: 3001, leftOut: 3000 })
    expect(writers[0]?.series()).toBe(1)
    expect(writers[0]?.growingLabels()).toEqual([{ name: 'x', values: 1000, sampled: 1000 }])
  })
})
