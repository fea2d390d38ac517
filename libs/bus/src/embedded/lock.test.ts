import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { acquireLock } from './lock.ts'
import { temporaryDirectory } from './test-kit.ts'

const CLEAN = { clean: true, restarted: false, syncedLater: false }
const now = { syncedLater: false }

/** A lock as another process writes it. */
function leave(directory: string, changes: Readonly<Record<string, unknown>>): void {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.pid, started, boot, syncedLater: false, ...changes }))
}

async function sleepingProcess(): Promise<number> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('spawn', resolve))
  return child.pid ?? 0
}

async function deadProcess(): Promise<number> {
  const child = spawn('true', { stdio: 'ignore' })
  await new Promise((resolve) => child.once('exit', resolve))
  return child.pid ?? 0
}

describe('acquireLock', () => {
  test('takes a free directory, names this process, and leaves nothing behind', async () => {
    const directory = temporaryDirectory()
    const lock = await acquireLock(directory, now)
    expect(lock.predecessor).toEqual(CLEAN)
    expect(JSON.parse(readFileSync(join(directory, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
    expect(readdirSync(directory)).toEqual(['lock'])
    await lock.release()
    expect(readdirSync(directory)).toEqual([])
    await (await acquireLock(directory, now)).release()
  })

  test('is refused to the same process, also by another path', async () => {
    const directory = temporaryDirectory()
    const lock = await acquireLock(directory, now)
    await expect(acquireLock(join(directory, '..', directory.split('/').at(-1) ?? ''), now)).rejects.toThrow(
      `${directory} is used by this process already`,
    )
    await lock.release()
  })

  test('is refused while another process has it, which is named', async () => {
    const directory = temporaryDirectory()
    const pid = await sleepingProcess()
    leave(directory, { pid, started: '' })
    await expect(acquireLock(directory, now)).rejects.toThrow(`${join(directory, 'lock')} is held by process ${pid}: stop it first`)
    expect(readdirSync(directory)).toEqual(['lock'])
  })

  const stale = [
    {
      name: 'a process that is dead',
      changes: async () => ({ pid: await deadProcess() }),
      predecessor: { clean: false, restarted: false },
    },
    { name: 'a process whose number another has now', changes: async () => ({ pid: await sleepingProcess(), started: '1' }) },
    { name: 'a process of the same number before this one, as in a container', changes: async () => ({ started: '1' }) },
    {
      name: 'the time before the machine was started anew',
      changes: async () => ({ pid: await sleepingProcess(), boot: 'another', syncedLater: true }),
      predecessor: { clean: false, restarted: true, syncedLater: true },
    },
  ]
  test.each(stale)('is taken over from $name', async ({ changes, predecessor }) => {
    const directory = temporaryDirectory()
    leave(directory, await changes())
    const lock = await acquireLock(directory, now)
    expect(lock.predecessor).toMatchObject(predecessor ?? { clean: false, restarted: false, syncedLater: false })
    expect(readdirSync(directory)).toEqual(['lock'])
    await lock.release()
  })

  test.each(['', '{', '[]', 'null', '{"pid":"1"}'])('%j as lock is of nobody; what it synced is not known', async (text) => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'lock'), text)
    const lock = await acquireLock(directory, now)
    expect(lock.predecessor).toEqual({ clean: false, restarted: true, syncedLater: true })
    await lock.release()
  })

  test('an error of the file system is told, and the directory may be tried again', async () => {
    const directory = join(temporaryDirectory(), 'later')
    await expect(acquireLock(directory, now)).rejects.toThrow('ENOENT')
    mkdirSync(directory)
    await (await acquireLock(directory, now)).release()
    expect(existsSync(join(directory, 'lock'))).toBe(false)
  })
})
