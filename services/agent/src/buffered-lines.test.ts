import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect, onTestFinished, test, vi } from 'vitest'

const AGENT = join(import.meta.dirname, 'testing', 'event-agent.ts')

/** An agent as a process of its own. `took` are the events that it has acknowledged to their source. */
function startAgent(folder: string, first: number) {
  const child = spawn(process.execPath, [AGENT, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'close')
  const took: number[] = []
  createInterface({ input: child.stdout }).on('line', (line) => took.push(Number(line)))
  const kill = async (): Promise<readonly number[]> => {
    child.kill('SIGKILL')
    await ended
    return took
  }
  return { took, kill }
}

test('events outlive an outage of their storage and a kill in the middle of it', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-events-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const away = join(folder, 'away')
  const stored = (): readonly number[] =>
    existsSync(join(folder, 'stored'))
      ? Array.from(readFileSync(join(folder, 'stored'), 'utf8').matchAll(/^event (\d+)$/gm), ([, number]) => Number(number))
      : []
  const taken: number[] = []

  writeFileSync(away, '')
  for (const round of [0, 1]) {
    const agent = startAgent(folder, round * 1_000_000)
    await vi.waitFor(() => expect(agent.took.length).toBeGreaterThan(300), { timeout: 30_000, interval: 5 })
    taken.push(...(await agent.kill()))
  }
  expect(stored()).toEqual([])

  rmSync(away)
  const agent = startAgent(folder, 2_000_000)
  await vi.waitFor(() => expect(stored().length).toBeGreaterThan(taken.length + 100), { timeout: 30_000, interval: 5 })
  await agent.kill()
  // At least once, in order; here nothing was killed between a write and its commit, so once.
  const all = stored()
  expect(all.filter((number) => number < 2_000_000 && !taken.includes(number)).length).toBeLessThanOrEqual(2)
  expect(taken.filter((number) => !all.includes(number))).toEqual([])
  expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b))
})
