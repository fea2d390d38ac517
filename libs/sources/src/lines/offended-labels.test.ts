import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { LOKI_LABEL_LIMITS } from './label-limits.ts'
import { createOffendedLabels } from './offended-labels.ts'

function start() {
  const metrics = createMetrics()
  const told: unknown[] = []
  const note =
    (level: string) =>
    (message: string, fields = {}): void =>
      void told.push([level, message, fields])
  const clock = { ms: 0 }
  const offended = createOffendedLabels({
    metrics,
    logger: { ...silentLogger, warn: note('warn'), error: note('error') },
    now: () => clock.ms,
  })
  const counted = async () =>
    (await metrics.registry.getSingleMetric('clymene_agent_line_label_limit_lines_total')?.get())?.values.map(
      ({ labels, value }) => `${labels['label']} ${labels['limit']} ${labels['action']} ${value}`,
    )
  return { offended, told, clock, counted }
}

test('lines are counted by label, limit and what was done; the label is told once a minute', async () => {
  const { offended, told, clock, counted } = start()
  offended([{ label: 'a', limit: 'names' }], LOKI_LABEL_LIMITS, 3)
  offended([{ label: 'a', limit: 'names' }], LOKI_LABEL_LIMITS, 4)
  clock.ms = 60_000
  offended([{ label: 'a', limit: 'names' }], LOKI_LABEL_LIMITS, 5)
  expect(await counted()).toEqual(['a names drop 12'])
  expect(told).toEqual([
    ['warn', 'a label is beyond a limit, lines go without it', { label: 'a', limit: 'names', allowed: 15, lines: 3, heldBack: 0 }],
    ['warn', 'a label is beyond a limit, lines go without it', { label: 'a', limit: 'names', allowed: 15, lines: 5, heldBack: 1 }],
  ])
})

test('lines that are left out are an error', () => {
  const { offended, told } = start()
  offended([{ label: 'a', limit: 'value_bytes' }], { ...LOKI_LABEL_LIMITS, action: 'refuse' }, 1)
  expect(told).toMatchObject([['error', 'a label is beyond a limit, its lines are kept as dead letters', { allowed: 2048 }]])
})

test('however many labels there are, the metric names fifty of them, and none is long', async () => {
  const { offended, counted } = start()
  for (let index = 0; index < 200; index++) offended([{ label: `${index}${'x'.repeat(5000)}`, limit: 'name_bytes' }], LOKI_LABEL_LIMITS, 1)
  const values = (await counted()) ?? []
  expect(values).toHaveLength(51)
  expect(values.at(-1)).toBe('other name_bytes drop 150')
  for (const value of values) expect(value.length).toBeLessThan(100)
})
