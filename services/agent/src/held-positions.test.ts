import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { silentLogger } from '@clymene/runtime'
import { describe, expect, onTestFinished, test } from 'vitest'

import { createHeldPositions } from './held-positions.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'clymene-positions-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}
const configOf = (positionsPath: string) => ({ positionsPath, stdinJob: undefined })

/** A lock as another process of this machine leaves it. */
async function takenByAnother(path: string): Promise<number> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  const mine = createHeldPositions(silentLogger, [])
  await mine.take([configOf(path)])
  const holder: Record<string, unknown> = JSON.parse(readFileSync(`${path}.lock`, 'utf8'))
  await mine.release()
  writeFileSync(`${path}.lock`, JSON.stringify({ ...holder, pid: child.pid, started: '' }))
  return child.pid ?? 0
}

describe('a positions file', () => {
  test('is held by one agent, in a folder that is made for it, and is free again afterwards', async () => {
    const path = join(folder(), 'new', 'positions.yaml')
    const held = createHeldPositions(silentLogger, [])
    await held.take([configOf(path), configOf(path)])
    expect(readdirSync(join(path, '..'))).toEqual(['positions.yaml.lock'])
    // A reload asks for it again.
    await held.take([configOf(path)])
    await expect(createHeldPositions(silentLogger, []).take([configOf(path)])).rejects.toThrow(
      `positions.filename: ${path} is for one agent at a time: ${path}.lock is used by this process already`,
    )
    await held.release()
    expect(readdirSync(join(path, '..'))).toEqual([])
    const next = createHeldPositions(silentLogger, [])
    await next.take([configOf(path)])
    await next.release()
  })

  test('of another process is refused, which is named', async () => {
    const path = join(folder(), 'positions.yaml')
    const pid = await takenByAnother(path)
    await expect(createHeldPositions(silentLogger, [], 50).take([configOf(path)])).rejects.toThrow(
      new RegExp(`positions\\.filename: .*positions\\.yaml\\.lock is held by process ${pid} of .*: stop it first`),
    )
  })

  test('is lost to who takes it over', async () => {
    const path = join(folder(), 'positions.yaml')
    const held = createHeldPositions(silentLogger, [])
    await held.take([configOf(path)])
    writeFileSync(`${path}.other`, JSON.stringify({ pid: 1, host: 'pod-2' }))
    renameSync(`${path}.other`, `${path}.lock`)
    await expect.poll(() => held.lost.aborted, { timeout: 20_000 }).toBe(true)
    expect(String(held.lost.reason)).toContain('was taken over by process 1 of pod-2')
    await held.release()
  }, 30_000)

  test('is none where lines come from standard input', async () => {
    const path = join(folder(), 'positions.yaml')
    const held = createHeldPositions(silentLogger, [])
    await held.take([{ positionsPath: path, stdinJob: { name: 'stdin', labels: [], pipeline: [], fingerprint: '' } }])
    expect(readdirSync(join(path, '..'))).toEqual([])
    await held.release()
  })

  test('that cannot be locked is told, and the agent goes on', async () => {
    const path = join(folder(), 'positions.yaml')
    mkdirSync(`${path}.lock`)
    const told: unknown[] = []
    const held = createHeldPositions({ ...silentLogger, warn: (...said) => void told.push(said) }, [])
    await held.take([configOf(path)])
    expect(told).toEqual([
      ['positions file cannot be locked: a second agent with it would not be noticed', { path, error: expect.stringContaining('EISDIR') }],
    ])
    await held.release()
  })
})
