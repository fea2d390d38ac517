import { parseStages } from '@clymene/stages'
import { expect, test } from 'vitest'

import { runPipeline, type RunEntry, type RunPipelineOptions } from './run-pipeline.ts'

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  for (const line of lines) yield Promise.resolve(line)
}

async function run(stages: unknown, lines: readonly string[], more: Partial<RunPipelineOptions> = {}): Promise<readonly RunEntry[]> {
  const entries: RunEntry[] = []
  const options = { stages: parseStages(stages, 'stages'), labels: [['app', 'a']] as const, nowNs: 5n, ...more }
  for await (const entry of runPipeline(options, linesOf(lines))) entries.push(entry)
  return entries
}

test('lines with the labels of their target', async () => {
  expect(await run([], ['a', ''])).toEqual([
    { timestampNs: undefined, labels: [['app', 'a']], metadata: [], line: 'a' },
    { timestampNs: undefined, labels: [['app', 'a']], metadata: [], line: '' },
  ])
})

test('a time that a stage set, and none where no stage did', async () => {
  const stages = [{ json: { expressions: { t: 't' } } }, { timestamp: { source: 't', format: 'Unix', action_on_failure: 'skip' } }]
  expect((await run(stages, ['{"t":"1"}', '{}'])).map(({ timestampNs }) => timestampNs)).toEqual([1_000_000_000n, undefined])
})

test('what a stage holds comes at the end', async () => {
  const entries = await run([{ cri: {} }], ['2024-01-01T00:00:00Z stdout P a', '2024-01-01T00:00:00Z stderr F b'])
  expect(entries.map(({ line }) => line)).toEqual(['b', 'a'])
})

test('labels that are not sent are not shown, but the tenant is', async () => {
  const [entry] = await run([{ static_labels: { b: 'x' } }], ['a'], {
    labels: [
      ['__path__', '/a'],
      ['__tenant_id__', 't'],
    ],
  })
  expect(entry?.labels).toEqual([
    ['__tenant_id__', 't'],
    ['b', 'x'],
  ])
})

test('who asks is told what stages do and drop', async () => {
  const [steps, drops]: [string[], string[]] = [[], []]
  const entries = await run([{ drop: { expression: 'no', drop_counter_reason: 'unwanted' } }], ['yes', 'no'], {
    inspect: ({ stage, after }) => void steps.push(`${stage} ${after?.line}`),
    dropped: (reason, lines) => void drops.push(`${reason} ${lines}`),
  })
  expect(entries.map(({ line }) => line)).toEqual(['yes'])
  expect([steps, drops]).toEqual([['drop yes', 'drop undefined'], ['unwanted 1']])
})

test('chance is the same each time, and chance all the same', async () => {
  const lines = Array.from({ length: 200 }, (_, index) => String(index))
  const [once, again] = [await run([{ sampling: { rate: 0.5 } }], lines), await run([{ sampling: { rate: 0.5 } }], lines)]
  expect(once).toEqual(again)
  expect(once.length).toBeGreaterThan(50)
  expect(once.length).toBeLessThan(150)
})
