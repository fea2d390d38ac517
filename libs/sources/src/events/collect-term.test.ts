import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { MIRROR_LIMITS } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'
import { expect, onTestFinished, test, vi } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createCluster, eventOf } from './cluster.test-kit.ts'
import { collectTerm } from './collect-term.ts'
import { createComplaints } from './complaints.ts'
import { createEventMetrics } from './event-metrics.ts'

function start(holds: () => boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-term-'))
  const cluster = createCluster()
  const metrics = createMetrics()
  const eventMetrics = createEventMetrics(metrics)
  const handedOn: string[] = []
  const lines: string[] = []
  const stop = new AbortController()
  const running = collectTerm(
    {
      api: cluster.api,
      events: true,
      terminations: false,
      namespaces: [],
      excludeNamespaces: [],
      fieldSelector: '',
      maxAgeMs: Number.MAX_SAFE_INTEGER / 2,
      form: 'text',
      lease: undefined,
      positionPath: join(folder, 'position'),
      id: 'id',
      position: undefined,
      term: { lost: new AbortController().signal, holds, handOn: (text) => handedOn.push(text) },
      labels: [],
      batch: { bytes: 100_000, waitMs: 1 },
      labelLimits: LOKI_LABEL_LIMITS,
      limits: MIRROR_LIMITS,
      complaints: createComplaints({ metrics: eventMetrics, logger: silentLogger, namespaces: [], leaseNamespace: '' }),
      metrics,
      eventMetrics,
      logger: silentLogger,
    },
    async ({ body }) => {
      await Promise.resolve()
      lines.push(...decodePushRequest(body).flatMap(({ entries }) => entries.map(({ line }) => line)))
    },
    stop.signal,
  )
  onTestFinished(async () => {
    stop.abort()
    await running.catch(() => undefined)
    rmSync(folder, { recursive: true })
  })
  return { cluster, handedOn, lines, stop, running }
}

test('a process that wakes after its term is over hands nothing over, though nobody told it yet', async () => {
  let held = true
  const { cluster, handedOn, lines, running } = start(() => held)
  cluster.put('events', 'a', eventOf('a'))
  await vi.waitFor(() => expect(lines).toHaveLength(1), { interval: 2 })
  await vi.waitFor(() => expect(handedOn.at(-1)).toContain('"101"'), { interval: 2 })
  held = false
  cluster.put('events', 'b', eventOf('b'))
  await running
  expect(lines).toHaveLength(1)
  expect(handedOn.filter((text) => text.includes('"102"'))).toEqual([])
})

test('a stop hands over what was collected, and how far', async () => {
  const { cluster, handedOn, lines, stop, running } = start(() => true)
  for (const name of ['a', 'b', 'c']) cluster.put('events', name, eventOf(name))
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(0), { interval: 2 })
  stop.abort()
  await running
  expect(lines).toHaveLength(3)
  expect(handedOn.at(-1)).toContain('["events","103"')
})
