import { createMetrics } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { createFileMetrics, type FileLag, showState } from './metrics.ts'

const lag = (filename: string, seconds: number): FileLag => ({ job: 'j', filename, seconds })

/** The files that the lag is told of, with their seconds. */
async function lagsOf(metrics: ReturnType<typeof createMetrics>) {
  const found = await metrics.registry.getSingleMetric('clymene_agent_file_stream_lag_seconds')?.get()
  return found?.values.map(({ labels, value }) => [labels['filename'], value])
}

test('of the files that lag the 50 furthest behind are named, and nothing of those that do not any more', async () => {
  const metrics = createMetrics()
  createFileMetrics(metrics)
  let lags = Array.from({ length: 5000 }, (_, index) => lag(`/${index}.log`, index))
  const hide = showState(metrics, { open: () => 0, followed: () => 0, behind: () => lags })
  expect(await lagsOf(metrics)).toEqual(Array.from({ length: 50 }, (_, index) => [`/${4999 - index}.log`, 4999 - index]))
  lags = [lag('/new.log', 1)]
  expect(await lagsOf(metrics)).toEqual([['/new.log', 1]])
  hide()
  expect(await lagsOf(metrics)).toEqual([])
})

test('a file that several storages read lags as for the slowest', async () => {
  const metrics = createMetrics()
  createFileMetrics(metrics)
  for (const seconds of [2, 3, 1]) showState(metrics, { open: () => 0, followed: () => 0, behind: () => [lag('/a.log', seconds)] })
  expect(await lagsOf(metrics)).toEqual([['/a.log', 3]])
})
