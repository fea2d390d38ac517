import { mkdirSync, readFileSync, rmSync } from 'node:fs'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createFileMetrics } from './metrics.ts'
import { createPositionWriter } from './position-writer.ts'
import type { Position } from './positions.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => {
  folder.remove()
  vi.restoreAllMocks()
})

const POSITION: Position = {
  job: 'j',
  path: '/a.log',
  device: '1',
  inode: '2',
  fingerprint: 'f',
  fingerprintBytes: 9,
  offset: 0,
  replayFrom: 0,
  size: 9,
  seenMs: 1,
}

/** A writer of one position, whose offset rises with each reading. */
function create(onWritten?: () => Promise<void>) {
  const path = folder.path('positions.yaml')
  const metrics = createMetrics()
  const errors: unknown[] = []
  let offset = 0
  const writer = createPositionWriter({
    path,
    everyMs: 1,
    read: () => [{ ...POSITION, offset: ++offset }],
    others: () => ({ offsets: new Map(), offsetsMs: undefined, others: new Map() }),
    searchedMs: () => 0,
    onWritten,
    logger: { ...silentLogger, error: (_message, fields) => void errors.push(fields?.['heldBack']) },
    metrics: createFileMetrics(metrics),
  })
  const failures = async () =>
    (await metrics.registry.getSingleMetric('clymene_agent_file_positions_errors_total')?.get())?.values[0]?.value ?? Number.NaN
  return { path, writer, errors, failures, offset: () => offset }
}

test('what cannot be written is told once a minute, and is a trouble until it is written', async () => {
  const { path, writer, errors, failures } = create()
  let nowMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  mkdirSync(path)
  for (nowMs of [0, 1000, 2000]) await writer.finish()
  expect(errors).toEqual([0])
  expect(await failures()).toBe(3)
  expect(writer.trouble()).toContain(`${path} cannot be written: `)
  nowMs = 61_000
  await writer.finish()
  expect(errors).toEqual([0, 2])
  rmSync(path, { recursive: true })
  await writer.finish()
  expect(writer.trouble()).toBeUndefined()
  expect(readFileSync(path, 'utf8')).toContain('"/a.log"')
})

test('writing takes a tenth of the time at most, however slow the disk is', async () => {
  let nowMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  const { writer, offset } = create(async () => void (nowMs += 50))
  writer.tick(0)
  // It waits for what is being written, and writes once more, which counts for no interval.
  await writer.finish()
  writer.touch()
  writer.tick(499)
  expect(offset()).toBe(2)
  writer.tick(500)
  expect(offset()).toBe(3)
  await writer.finish()
})

test('what could not be written is tried again after a second, whether lines come or not', async () => {
  const { path, writer, failures, offset } = create()
  mkdirSync(path)
  const tick = async (atMs: number, expected: number) => {
    writer.tick(atMs)
    await vi.waitUntil(async () => (await failures()) === expected)
    // A failure is counted a moment before its writing is over.
    await new Promise(setImmediate)
  }
  await tick(0, 1)
  writer.tick(999)
  expect(offset()).toBe(1)
  vi.spyOn(performance, 'now').mockReturnValue(0)
  await tick(1_000_000, 2)
  rmSync(path, { recursive: true })
  await tick(1_001_000, 2)
  await vi.waitFor(() => expect(writer.trouble()).toBeUndefined())
  expect(await failures()).toBe(2)
})
