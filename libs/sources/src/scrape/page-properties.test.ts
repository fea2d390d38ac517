import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { createWriteRequestWriter } from '@clymene/wire'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { NO_LIMITS } from './job.ts'
import { noCounts } from './page-counts.ts'
import { createPageModel, type ModelRules, type ModelSample } from './page-model.test-kit.ts'
import { createPageWriter } from './page-writer.ts'
import { readBatch } from './read-batch.test-kit.ts'
import type { PageRules } from './read-page.ts'
import { createSeriesBudget } from './series-budget.ts'

const SERIES = ['a', 'b', 'c{x="1"}', 'c{x="2"}', 'd{x="é"}', 'e', 'f', 'g{y="1",z="2"}']

/** When a line's own time is: none, shortly before or after the scrape, or one of the page before. */
const TIMES = ['none', 'before', 'after', 'again'] as const

const line = fc.record({
  series: fc.constantFrom(...SERIES),
  value: fc.integer({ min: 0, max: 2 }),
  time: fc.constantFrom(...TIMES),
  twice: fc.boolean(),
})
const rules = fc.record({
  drop: fc.constantFrom('', ...SERIES.slice(0, 2)),
  sampleLimit: fc.constantFrom(0, 0, 5),
  track: fc.boolean(),
  honor: fc.boolean(),
})
const step = fc.record({
  lines: fc.uniqueArray(line, { maxLength: 9, selector: ({ series }) => series }),
  broken: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
  use: fc.option(rules, { freq: 5 }),
})

const pageRules = ({ drop, sampleLimit, track, honor }: ModelRules): PageRules => ({
  target: [],
  external: [],
  honorLabels: false,
  honorTimestamps: honor,
  trackTimestampsStaleness: track,
  metricRelabel: compileRelabel(
    parseRelabelConfigs([{ action: 'drop', source_labels: ['__name__'], regex: drop === '' ? 'none' : drop }], 'rules'),
  ),
  limits: { ...NO_LIMITS, samples: sampleLimit },
})

test('pages become what a plain model of Prometheus makes of them, over failures, limits and other rules', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), rules, fc.constantFrom(0, 3), (steps, first, seriesLimit) => {
      let now: ModelRules = { ...first, seriesLimit }
      const model = createPageModel()
      const pages = createPageWriter(pageRules(now), { budget: createSeriesBudget(seriesLimit) })
      const writer = createWriteRequestWriter()
      for (const [index, { lines, broken, use }] of steps.entries()) {
        const at = (index + 1) * 1000
        if (use !== null) {
          now = { ...use, seriesLimit }
          pages.use(pageRules(now))
          model.forget()
        }
        const samples = lines.flatMap(({ series, value, time, twice }): ModelSample[] => {
          // What was shown longer ago may be forgotten, or not yet: that is no matter of the rules.
          const known = model.isCached(series)
          const exposedMs = { none: undefined, before: at - 400, after: at + 100, again: known ? at - 1400 : at - 400 }[time]
          return Array.from({ length: twice ? 2 : 1 }, () => ({ series, value, exposedMs }))
        })
        const expected = model.page(samples, broken, now, at)
        expect(written(pages, writer, samples, broken, at), `page ${index + 1}`).toEqual({
          ...expected,
          sent: expected.sent.toSorted(),
          counted: 0,
        })
      }
    }),
    { numRuns: 300 },
  )
})

test('a page that was not accepted leaves nothing behind: the next ones are as though it had not been', () => {
  const lossy = fc.record({ step, lost: fc.boolean(), useMeanwhile: fc.boolean() })
  fc.assert(
    fc.property(fc.array(lossy, { minLength: 2, maxLength: 10 }), rules, (steps, of) => {
      const plain = pageRules({ ...of, seriesLimit: 0 })
      const [pages, others] = [createPageWriter(plain), createPageWriter(plain)]
      const writer = createWriteRequestWriter()
      let shown = new Map<string, ModelSample>()
      for (const [
        index,
        {
          step: { lines, broken },
          lost,
          useMeanwhile,
        },
      ] of steps.entries()) {
        const at = (index + 1) * 1000
        const samples = lines.map(({ series, value, time }): ModelSample => {
          const exposedMs = { none: undefined, before: at - 400, after: at + 100, again: at - 400 }[time]
          return (time === 'again' ? shown.get(series) : undefined) ?? { series, value, exposedMs }
        })
        const sent = written(pages, writer, samples, broken, at)
        if (useMeanwhile) pages.use(plain)
        if (lost) pages.undo()
        else {
          pages.keep()
          const expected = written(others, writer, samples, broken, at)
          expect(sent.sent, `page ${index + 1}`).toEqual(expected.sent)
          expect(pages.series()).toBe(others.series())
          // What is refused may be forgotten at once or later.
          shown = new Map(samples.flatMap((one) => (sent.ok && one.exposedMs !== undefined ? [[one.series, one]] : [])))
        }
        if (useMeanwhile) others.use(plain)
      }
    }),
    { numRuns: 300 },
  )
})

function written(
  pages: ReturnType<typeof createPageWriter>,
  writer: ReturnType<typeof createWriteRequestWriter>,
  samples: readonly ModelSample[],
  broken: boolean,
  at: number,
) {
  const counts = noCounts()
  const text = samples.map(({ series, value, exposedMs }) => `${series} ${value}${exposedMs === undefined ? '' : ` ${exposedMs}`}\n`)
  let ok = true
  writer.reset()
  try {
    pages.write(Buffer.from(text.join('') + (broken ? 'x{' : '')), 'text', at, writer, counts)
  } catch {
    ok = false
    writer.reset()
    pages.writeStale(at, writer)
  }
  const sent = readBatch(writer.finish()).map(({ series, value, at: time }) => `${series.replace('{}', '')} ${value} ${time}`)
  const { kept, added, leftOut } = counts
  return { ok, sent: sent.toSorted(), kept, added, leftOut, counted: 0 }
}
