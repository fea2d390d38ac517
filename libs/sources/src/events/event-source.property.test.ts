import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { MIRROR_LIMITS } from '@clymene/discovery'
import { labelValue } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createCluster, eventOf, podOf, terminated } from './cluster.test-kit.ts'
import { createEventSource } from './event-source.ts'

/** What happens to the cluster and to the agent, in any order. */
const STEPS = ['occur', 'occur again', 'edit', 'delete', 'end', 'forget', 'break off', 'stop', 'kill', 'wait'] as const
type Step = (typeof STEPS)[number]

const MINUTE_AGO = '2024-01-01T00:59:00Z'
const NOW = Date.parse('2024-01-01T01:00:00Z')

/** Follows the steps; what was expected at least, and what each run of the agent handed over. */
async function follow(steps: readonly Step[], folder: string) {
  const cluster = createCluster()
  const positionPath = join(folder, 'position')
  const counts = new Map<string, number>()
  const ended: string[] = []
  /** Of which a next run cannot tell whether they occurred again. */
  const edited = new Set<string>()
  const runs: { readonly sent: string[]; isKilled: boolean }[] = []
  let end: (isKill: boolean) => Promise<void> = () => Promise.resolve()

  const start = (): void => {
    const run = { sent: [] as string[], isKilled: false }
    runs.push(run)
    const stop = new AbortController()
    const source = createEventSource({
      api: cluster.api,
      events: true,
      terminations: true,
      namespaces: [],
      excludeNamespaces: [],
      fieldSelector: '',
      maxAgeMs: 3_600_000,
      form: 'text',
      lease: undefined,
      positionPath,
      labels: [],
      batch: { bytes: 400, waitMs: 1 },
      labelLimits: LOKI_LABEL_LIMITS,
      limits: { ...MIRROR_LIMITS, backoffMs: [1, 2] },
      metrics: createMetrics(),
      logger: silentLogger,
      now: () => NOW + Math.floor(performance.now()),
    })
    const running = source
      .run(async ({ body }) => {
        await Promise.resolve()
        if (run.isKilled) throw new Error('killed')
        for (const { entries } of decodePushRequest(body))
          for (const { metadata = [] } of entries)
            run.sent.push(`${labelValue(metadata, 'message')} ${labelValue(metadata, 'count')}`.trim())
      }, stop.signal)
      .catch((error: unknown) => {
        if (!run.isKilled) throw error
      })
    end = async (isKill) => {
      run.isKilled = isKill
      // A disk has at a kill what was written by then.
      const disk = existsSync(positionPath) ? readFileSync(positionPath, 'utf8') : ''
      stop.abort()
      await running
      if (isKill && disk !== '') writeFileSync(positionPath, disk)
      else if (isKill) rmSync(positionPath, { force: true })
      if (isKill) rmSync(`${positionPath}.bak`, { force: true })
    }
  }
  const put = (name: string, count: number, edits = 0): void => {
    counts.set(name, count)
    const lastTimestamp = new Date(Date.parse(MINUTE_AGO) + count * 1000).toISOString()
    cluster.put('events', name, eventOf(name, { count, lastTimestamp, message: name, action: `edit-${edits}` }))
  }
  const newest = (): string | undefined => [...counts.keys()].at(-1)
  const sent = (): readonly string[] => runs.flatMap((run) => run.sent)
  const expected = (): readonly string[] => [...Array.from(counts, ([name, count]) => `${name} ${count}`), ...ended]

  start()
  for (const [index, step] of steps.entries()) {
    const name = newest()
    if (step === 'occur') put(`e${index}`, 1)
    else if (step === 'occur again' && name !== undefined) put(name, (counts.get(name) ?? 0) + 1)
    else if (step === 'edit' && name !== undefined) {
      edited.add(`${name} ${counts.get(name)}`)
      put(name, counts.get(name) ?? 0, index)
    } else if (step === 'delete' && name !== undefined && sent().includes(`${name} ${counts.get(name)}`)) {
      counts.delete(name)
      cluster.remove('events', name)
    } else if (step === 'end') {
      ended.push(`message of end-${index}`)
      cluster.put('pods', 'web', podOf('web', { restartCount: index, state: terminated(`end-${index}`, MINUTE_AGO) }))
      // Only the last end and the one before it stand in a status, here only the last.
      await vi.waitFor(() => expect(sent()).toEqual(expect.arrayContaining([...ended])), { interval: 1, timeout: 5000 })
    } else if (step === 'forget') cluster.compact()
    else if (step === 'break off') cluster.endWatches()
    else if (step === 'stop' || step === 'kill') {
      await end(step === 'kill')
      // While nobody looks.
      put(`away${index}`, 1)
      start()
    } else if (step === 'wait') await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await vi.waitFor(() => expect(sent()).toEqual(expect.arrayContaining([...expected()])), { interval: 1, timeout: 5000 })
  await end(false)
  return { runs, edited, sent: sent() }
}

test('whatever happens nothing is passed over, and only what a kill cut off comes twice', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { maxLength: 25 }), async (steps) => {
      const folder = mkdtempSync(join(tmpdir(), 'clymene-events-'))
      try {
        const { runs, edited, sent } = await follow(steps, folder)
        const mayRepeat = new Set([...runs.flatMap((run) => (run.isKilled ? run.sent : [])), ...(runs.length > 1 ? edited : [])])
        expect(sent.filter((entry, index) => sent.indexOf(entry) !== index && !mayRepeat.has(entry))).toEqual([])
      } finally {
        rmSync(folder, { recursive: true })
      }
    }),
    { numRuns: 40 },
  )
})
