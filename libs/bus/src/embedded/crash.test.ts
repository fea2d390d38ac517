import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { describe, expect, onTestFinished, test } from 'vitest'

import { openEmbeddedBus } from './embedded-bus.ts'
import { readRest, recordingLogger, sequencesOf, temporaryDirectory } from './test-kit.ts'

const WRITER = join(import.meta.dirname, 'crash-writer.ts')

/** Lets another process append, kills it when it has acknowledged `count`, and gives what it acknowledged. */
async function killedWriter(directory: string, first: number, count: number, fsyncIntervalMs: number): Promise<readonly number[]> {
  const child = spawn(process.execPath, [WRITER, directory, String(first), String(fsyncIntervalMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const acknowledged: number[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line))
    if (acknowledged.length === count) child.kill('SIGKILL')
  }
  expect(await ended).toEqual([null, 'SIGKILL'])
  return acknowledged
}

describe('a process that is killed while it writes', () => {
  test.each([0, 1000])('loses nothing that it acknowledged, with a sync every %i ms', { timeout: 120_000 }, async (fsyncIntervalMs) => {
    const directory = temporaryDirectory()
    const acknowledged: number[] = []
    const read: (number | undefined)[] = []
    const ids = new Set<string>()
    for (const [round, count] of [1, 300, 47, 1000].entries()) {
      acknowledged.push(...(await killedWriter(directory, round * 1_000_000, count, fsyncIntervalMs)))
      const logger = recordingLogger()
      const bus = await openEmbeddedBus({ directory, logger, partitions: 2, housekeepingMs: 0 })
      const records = await readRest(bus, 't', 'g')
      await bus.close()
      for (const { headers, value } of records) expect(value.every((byte) => byte === (headers.sequence ?? 0) % 256)).toBe(true)
      for (const { origin } of records) ids.add(`${origin.logId}/${origin.partition}/${origin.offset}`)
      read.push(...sequencesOf(records))
      // A write that was under way may have been cut short.
      expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([])
    }
    expect(acknowledged.filter((sequence) => !read.includes(sequence))).toEqual([])
    expect(new Set(read).size).toBe(read.length)
    expect(ids.size).toBe(read.length)
    // Each of the four callers had one message on its way when it was killed, four times.
    expect(read.length - acknowledged.length).toBeLessThanOrEqual(4 * 4)
  })
})
