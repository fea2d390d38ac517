import { createMetrics } from '@clymene/runtime'
import { expect, test, vi } from 'vitest'

import { createGrowingLabels } from './growing-labels.ts'
import { scrapeMetrics } from './scrape-metrics.ts'

function create(job = 'j') {
  const metrics = createMetrics()
  const growing = createGrowingLabels(scrapeMetrics(metrics).growing, job)
  const shown = async (): Promise<unknown> => {
    const { values = [] } = (await metrics.registry.getSingleMetric('clymene_agent_series_growing_label_values')?.get()) ?? {}
    return values.map(({ labels, value }) => `${labels['scrape_job']} ${labels['label']} ${value}`)
  }
  return { growing, shown }
}

const labels = (values: Readonly<Record<string, number>>) => () => Object.entries(values).map(([name, count]) => ({ name, values: count }))

test('labels are shown while series are left out, with the most values that a target of the job has', async () => {
  const { growing, shown } = create()
  const [one, two] = [growing.open(), growing.open()]
  one.scraped(0, labels({ a: 5 }))
  expect(await shown()).toEqual([])
  one.scraped(3, labels({ a: 5, b: 4 }))
  two.scraped(1, labels({ b: 9, c: 2 }))
  expect(await shown()).toEqual(['j b 9', 'j a 5', 'j c 2'])
  two.scraped(0, labels({}))
  expect(await shown()).toEqual(['j a 5', 'j b 4'])
  one.close()
  expect(await shown()).toEqual([])
})

test('at most ten of a job', async () => {
  const { growing, shown } = create()
  const many = (from: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`l${from + index}`, from + index]))
  growing.open().scraped(1, labels(many(10)))
  growing.open().scraped(1, labels(many(20)))
  expect(await shown()).toEqual([27, 26, 25, 24, 23, 22, 21, 20, 17, 16].map((count) => `j l${count} ${count}`))
})

test('labels are looked at once a minute, and at once when series are left out again', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    let looks = 0
    const looked = () => {
      looks++
      return labels({ a: 2 })()
    }
    const target = create().growing.open()
    target.scraped(1, looked)
    vi.advanceTimersByTime(59_000)
    target.scraped(1, looked)
    expect(looks).toBe(1)
    vi.advanceTimersByTime(1000)
    target.scraped(1, looked)
    expect(looks).toBe(2)
    target.scraped(0, looked)
    target.scraped(1, looked)
    expect(looks).toBe(3)
  } finally {
    vi.useRealTimers()
  }
})
