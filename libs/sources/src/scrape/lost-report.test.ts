import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { createLostReport } from './lost-report.ts'
import { scrapeMetrics } from './scrape-metrics.ts'

test('samples that were lost are told at once, then summed for each job once a minute', () => {
  let nowMs = 0
  const lines: object[] = []
  const logger = { ...silentLogger, error: (text: string, fields?: object) => void lines.push({ text, ...fields }) }
  const report = createLostReport(scrapeMetrics(createMetrics()), logger, () => nowMs)
  const lose = (job: string, target: string): void => report('not accepted', { job, target, samples: 10, error: new Error('full') })
  for (const target of ['a', 'b', 'c']) lose('j', target)
  lose('k', 'd')
  nowMs = 59_000
  lose('j', 'a')
  nowMs = 60_000
  lose('j', 'b')
  expect(lines).toEqual([
    { text: 'not accepted', job: 'j', target: 'a', samples: 10, error: 'full', heldBack: 0 },
    { text: 'not accepted', job: 'k', target: 'd', samples: 10, error: 'full', heldBack: 0 },
    { text: 'not accepted', job: 'j', target: 'b', samples: 40, error: 'full', heldBack: 3 },
  ])
})
