import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { labelValue } from '@clymene/model'
import { describe, expect, onTestFinished, test } from 'vitest'

import { openStore, temporaryDirectory } from './testing/open-store.ts'

/** Runs a writer in a process of its own, kills it when it has acknowledged `rounds` more, and gives the last acknowledged round. */
async function writeAndKill(directory: string, from: number, rounds: number): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/writer.ts'), directory, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  let last = from - 1
  for await (const text of createInterface({ input: child.stdout })) {
    last = Number(text)
    if (last >= from + rounds) child.kill('SIGKILL')
  }
  await exited
  return last
}

describe('kill -9', () => {
  test('in the middle of writing loses nothing that was acknowledged, three times in a row', async () => {
    const directory = temporaryDirectory()
    let acknowledged = -1
    for (let kill = 0; kill < 3; kill++) acknowledged = await writeAndKill(directory, acknowledged + 1, 70)

    const store = await openStore({ directory })
    const series = await store.range({ name: 'up', fromMs: 0, toMs: 1e15, stepMs: 1, fn: 'raw' })
    expect(series.map(({ labels }) => labelValue(labels, 'i'))).toEqual(['a', 'b', 'c'])
    for (const { points } of series) {
      const rounds = points.map(([timeMs]) => timeMs)
      // A round that was written and not acknowledged may be there as well, and was written again by the next process.
      expect(rounds.slice(0, acknowledged + 1)).toEqual(Array.from({ length: acknowledged + 1 }, (_, round) => round))
      expect(rounds.length).toBeLessThanOrEqual(acknowledged + 3)
    }
    const lines = await store.logs({ limit: 5000 })
    const rounds = lines.map(({ line }) => Number(line)).toReversed()
    expect(rounds.slice(0, acknowledged + 1)).toEqual(Array.from({ length: acknowledged + 1 }, (_, round) => round))
    expect(store.stats()).toMatchObject({ samples: 3 * (series[0]?.points.length ?? 0), lines: lines.length })
  })
})
