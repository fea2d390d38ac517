import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { createWriteRequestWriter } from '@clymene/wire'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { NO_LIMITS } from './job.ts'
import { noCounts } from './page-counts.ts'
import { createPageWriter } from './page-writer.ts'
import { readBatch } from './read-batch.test-kit.ts'
import type { PageRules } from './read-page.ts'
import { createSeriesBudget } from './series-budget.ts'

const rules = (overrides: Partial<PageRules> = {}, metricRules: readonly object[] = []): PageRules => ({
  target: [['job', 'j']],
  external: [],
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  metricRelabel: compileRelabel(parseRelabelConfigs(metricRules, 'rules')),
  limits: NO_LIMITS,
  ...overrides,
})

/** Writes pages of one target one after the other, a second apart, the first at 1000 ms. */
function scraped(of: PageRules = rules(), mostSeries = 0) {
  const pages = createPageWriter(of, { budget: createSeriesBudget(mostSeries) })
  const writer = createWriteRequestWriter()
  let at = 0
  return {
    use: pages.use,
    page(text: string): Record<string, unknown> {
      at += 1000
      writer.reset()
      const counts = noCounts()
      try {
        pages.write(Buffer.from(text), 'text', at, writer, counts)
      } catch (error) {
        writer.reset()
        pages.writeStale(at, writer)
        return { failed: error instanceof Error ? error.message : String(error), samples: lines(), counts }
      }
      return { samples: lines(), ...counts }
    },
  }
  function lines(): string[] {
    return readBatch(writer.finish()).map(
      ({ series, value, at: time }) => `${series.replace(/(?<=\{)job="j",?|,job="j"/, '')} ${value} ${time}`,
    )
  }
}

describe('pages of a target', () => {
  test('samples get the time of the scrape, new series are counted once', () => {
    const target = scraped()
    expect(target.page('a 1\nb{x="y"} 2\n')).toMatchObject({ samples: ['a{} 1 1000', 'b{x="y"} 2 1000'], scraped: 2, kept: 2, added: 2 })
    expect(target.page('a 3\nb{x="y"} 4\n')).toMatchObject({ samples: ['a{} 3 2000', 'b{x="y"} 4 2000'], scraped: 2, kept: 2, added: 0 })
  })

  test('a series that vanishes gets one staleness marker, and may come back', () => {
    const target = scraped()
    target.page('a 1\nb 1\nc 1\n')
    expect(target.page('a 1\nc 1\n')['samples']).toEqual(['a{} 1 2000', 'c{} 1 2000', 'b{} stale 2000'])
    expect(target.page('a 1\nc 1\n')['samples']).toEqual(['a{} 1 3000', 'c{} 1 3000'])
    expect(target.page('b 1\na 1\nc 1\n')).toMatchObject({ samples: ['b{} 1 4000', 'a{} 1 4000', 'c{} 1 4000'], added: 1 })
  })

  test('an empty page ends every series', () => {
    const target = scraped()
    target.page('a 1\nb 1\n')
    expect(target.page('')).toMatchObject({ samples: ['a{} stale 2000', 'b{} stale 2000'], scraped: 0 })
  })

  test('a failed page ends every series once; nothing of the page is kept', () => {
    const target = scraped()
    target.page('a 1\nb 1\n')
    expect(target.page('a 1\nnew 1\nb x\n')).toMatchObject({
      failed: expect.stringContaining('line 3, column 3: expected a number as value'),
      samples: ['a{} stale 2000', 'b{} stale 2000'],
      counts: { scraped: 2, kept: 2, added: 1 },
    })
    expect(target.page('b x\n')['samples']).toEqual([])
    expect(target.page('a 1\nb 1\n')['samples']).toEqual(['a{} 1 4000', 'b{} 1 4000'])
  })

  test('other order, other blanks and other label order are the same series', () => {
    const target = scraped()
    target.page('a{x="1",y="2"} 1\nb 1\n')
    expect(target.page('b 1\na{ y="2", x="1" } 1\n')['samples']).toEqual(['b{} 1 2000', 'a{x="1",y="2"} 1 2000'])
  })

  test('a second sample of a series is counted, the first one sent', () => {
    expect(scraped().page('a 1\na 2\n')).toMatchObject({ samples: ['a{} 1 1000'], kept: 2, added: 1, duplicates: 1 })
  })

  test('two series that relabelling makes one are the same', () => {
    const target = scraped(rules({}, [{ action: 'labeldrop', regex: 'x' }]))
    expect(target.page('a{x="1"} 1\na{x="2"} 2\n')).toMatchObject({ samples: ['a{} 1 1000'], duplicates: 1 })
    expect(target.page('a{x="2"} 2\n')['samples']).toEqual(['a{} 2 2000'])
  })

  test('a dropped series is counted and remembered', () => {
    const target = scraped(rules({}, [{ action: 'drop', source_labels: ['__name__'], regex: 'b' }]))
    expect(target.page('a 1\nb 1\n')).toMatchObject({ samples: ['a{} 1 1000'], scraped: 2, kept: 1, added: 1 })
    expect(target.page('b 1\n')).toMatchObject({ samples: ['a{} stale 2000'], scraped: 1, kept: 0, added: 0 })
  })

  test('le is written the one way in a histogram', () => {
    expect(scraped().page('# TYPE h histogram\nh_bucket{le="5"} 1\n')['samples']).toEqual(['h_bucket{le="5.0"} 1 1000'])
  })

  test('a new rule set changes what series are called; those that keep their labels go on', () => {
    const target = scraped()
    target.page('a 1\nb{x="1"} 1\n')
    target.use(rules({}, [{ action: 'labeldrop', regex: 'x' }]))
    expect(target.page('a 1\nb{x="1"} 1\n')['samples']).toEqual(['a{} 1 2000', 'b{} 1 2000', 'b{x="1"} stale 2000'])
  })
})

describe('exposed timestamps', () => {
  test('are sent, without staleness markers', () => {
    const target = scraped()
    expect(target.page('a 1 500\n')['samples']).toEqual(['a{} 1 500'])
    expect(target.page('')['samples']).toEqual([])
  })

  test('honor_timestamps: false takes the time of the scrape, and markers', () => {
    const target = scraped(rules({ honorTimestamps: false }))
    expect(target.page('a 1 500\n')['samples']).toEqual(['a{} 1 1000'])
    expect(target.page('')['samples']).toEqual(['a{} stale 2000'])
  })

  test('track_timestamps_staleness gives markers too; what is older than one is dropped', () => {
    const target = scraped(rules({ trackTimestampsStaleness: true }))
    target.page('a 1 500\n')
    expect(target.page('cut{')['samples']).toEqual(['a{} stale 2000'])
    expect(target.page('a 1 1999\n')).toMatchObject({ samples: [], outOfOrder: 1 })
  })

  const second: [string, string, Record<string, unknown>][] = [
    ['the same sample again is not sent again', 'a 1 500\n', { samples: [], kept: 1, duplicates: 0 }],
    ['another value for the same time is a duplicate', 'a 2 500\n', { samples: [], duplicates: 1 }],
    ['an older time is out of order', 'a 1 499\n', { samples: [], outOfOrder: 1 }],
    ['ten minutes ahead is taken', 'a 1 602000\n', { samples: ['a{} 1 602000'] }],
    ['more is out of bounds', 'a 1 602001\n', { samples: [], outOfBounds: 1 }],
    ['several of a series on a page', 'a 1 501\na 2 502\n', { samples: ['a{} 1 501', 'a{} 2 502'], duplicates: 0 }],
  ]
  test.each(second)('%s', (_, page, expected) => {
    const target = scraped()
    target.page('a 1 500\n')
    expect(target.page(page)).toMatchObject(expected)
  })

  test('a series that went on ahead of the scrape does not fall back behind that time', () => {
    const target = scraped()
    target.page('a 1\n')
    expect(target.page('a 2 10000\n')).toMatchObject({ samples: ['a{} 2 10000'] })
    expect(target.page('a 3\n')).toMatchObject({ samples: [], outOfOrder: 1 })
  })

  test('what was refused is refused again, also by a page that begins to be read anew', () => {
    const target = scraped()
    target.page('a 1\n')
    // Two moments of one series: the exposed one, and the marker of the other.
    expect(target.page('a 2 1600\n')).toMatchObject({ samples: ['a{} 2 1600', 'a{} stale 2000'] })
    target.use(rules())
    for (let times = 0; times < 3; times++) expect(target.page('a 2 1600\n')).toMatchObject({ samples: [], outOfOrder: 1 })
  })

  test('a failed page does not count as sent', () => {
    const target = scraped()
    target.page('a 1 500\n')
    target.page('a 2 600\nb x\n')
    expect(target.page('a 2 600\n')['samples']).toEqual(['a{} 2 600'])
  })
})

describe('limits of a page', () => {
  test('sample_limit counts after relabelling, and the whole page', () => {
    const target = scraped(rules({ limits: { ...NO_LIMITS, samples: 2 } }, [{ action: 'drop', source_labels: ['__name__'], regex: 'x' }]))
    expect(target.page('a 1\nx 1\nb 1\n')['samples']).toEqual(['a{} 1 1000', 'b{} 1 1000'])
    expect(target.page('a 1\nb 1\nc 1\nd 1\n')).toMatchObject({
      failed: 'sample_limit exceeded (4 samples, limit 2)',
      samples: ['a{} stale 2000', 'b{} stale 2000'],
      counts: { scraped: 4, kept: 4 },
    })
  })

  test('a label limit fails the page at once', () => {
    const target = scraped(rules({ limits: { ...NO_LIMITS, labels: 2 } }))
    expect(target.page('a 1\nb{x="1"} 1\nc 1\n')).toMatchObject({
      failed: expect.stringContaining('label_limit exceeded'),
      counts: { scraped: 2 },
    })
  })
})

test('beyond the series of its budget: one that comes back when another has its place is left out, until there is room', () => {
  const target = scraped(rules(), 8)
  const others = ['b', 'c', 'd', 'e', 'f', 'g', 'h']
  const page = (...names: readonly string[]): string[] => {
    const { samples, leftOut } = target.page([...others, ...names].map((name) => `${name} 1\n`).join(''))
    const lines = Array.isArray(samples) ? samples.map((line) => String(line).replace(/\d+$/, '')) : []
    return [...lines.slice(others.length).map((line) => line.trim()), `${String(leftOut)} left out`]
  }
  expect(page('a')).toEqual(['a{} 1', '0 left out'])
  expect(page()).toEqual(['a{} stale', '0 left out'])
  expect(page('new')).toEqual(['new{} 1', '0 left out'])
  expect(page('new', 'a')).toEqual(['new{} 1', '1 left out'])
  // Its place is free when the page has ended.
  expect(page('a')).toEqual(['new{} stale', '1 left out'])
  expect(page('a')).toEqual(['a{} 1', '0 left out'])
})

describe('for any pages', () => {
  const names = ['a', 'a{x="1"}', 'a{x="2"}', 'b', '{"b c"}', 'c{y="é"}']
  const page = fc.array(fc.tuple(fc.constantFrom(...names), fc.integer()), { maxLength: 8 })

  test('each sample is the last page’s, each series that is gone has one marker, whatever was there before', () => {
    fc.assert(
      fc.property(fc.array(page, { minLength: 1, maxLength: 6 }), (pages) => {
        const target = scraped()
        let shown = new Set<string>()
        const outcomes = pages.map((samples, index) => {
          const at = (index + 1) * 1000
          const first = new Map(samples.toReversed())
          const order = [...new Set(samples.map(([name]) => name))]
          const gone = [...shown].filter((name) => !first.has(name))
          shown = new Set(order)
          const got = target.page(samples.map(([name, value]) => `${name} ${value}\n`).join(''))['samples']
          return {
            got: sorted(got),
            expected: sorted([
              ...order.map((name) => `${plain(name)} ${first.get(name)} ${at}`),
              ...gone.map((name) => `${plain(name)} stale ${at}`),
            ]),
          }
        })
        expect(outcomes.map(({ got }) => got)).toEqual(outcomes.map(({ expected }) => expected))
      }),
      { numRuns: 300 },
    )
  })

  const plain = (name: string): string => (name.startsWith('{') ? name.slice(2, -2) : name)
  const sorted = (lines: unknown): string[] => (Array.isArray(lines) ? lines.map((line) => String(line).replace('{}', '')).toSorted() : [])
})
