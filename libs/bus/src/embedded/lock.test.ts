import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { acquireLock } from './lock.ts'
import { PATIENT, temporaryDirectory } from './test-kit.ts'

const CLEAN = { clean: true, restarted: false, syncedLater: false }
/** Who may be taken for dead is so at once: no test waits so long. */
const now = { syncedLater: false, patienceMs: 600_000 }
const soon = { syncedLater: false, patienceMs: 300 }

/** A lock as another process writes it. */
function leave(directory: string, changes: Readonly<Record<string, unknown>>): void {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  const pidNamespace = readlinkSync('/proc/self/ns/pid')
  writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.pid, started, boot, pidNamespace, syncedLater: false, ...changes }))
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

/** It has ended, and its parent never asks how. */
async function zombie(): Promise<number> {
  const parent = spawn('sh', ['-c', 'exec 3<&0; cat <&3 >&2 & echo $!; exec sleep 600'], { stdio: ['pipe', 'pipe', 'ignore'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [line]: readonly unknown[] = await once(parent.stdout, 'data')
  const pid = Number(String(line))
  // The shell would ask how it ended, the program after it does not.
  await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8'), PATIENT).toBe('sleep\n')
  parent.stdin.end()
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), PATIENT).toMatch(/\) Z /)
  return pid
}

/** As another lock of another process, in one step. */
function replace(directory: string, text: string): void {
  writeFileSync(join(directory, 'other'), text)
  renameSync(join(directory, 'other'), join(directory, 'lock'))
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
    await expect(acquireLock(directory, soon)).rejects.toThrow(`${join(directory, 'lock')} is held by process ${pid}: stop it first`)
    expect(readdirSync(directory)).toEqual(['lock'])
  })

  test('is had when the other process ends soon', async () => {
    const directory = temporaryDirectory()
    const pid = await sleepingProcess()
    leave(directory, { pid, started: '' })
    const taking = acquireLock(directory, now)
    process.kill(pid, 'SIGKILL')
    const lock = await taking
    expect(lock.predecessor).toEqual({ clean: false, restarted: false, syncedLater: false })
    await lock.release()
  })

  test('is refused while a process that cannot be seen touches it, which is named with its host', async () => {
    const directory = temporaryDirectory()
    leave(directory, { pid: process.pid, pidNamespace: 'pid:[1]', host: 'pod-1' })
    const touching = setInterval(() => utimesSync(join(directory, 'lock'), new Date(), new Date()), 10)
    onTestFinished(() => clearInterval(touching))
    await expect(acquireLock(directory, soon)).rejects.toThrow(`is held by process ${process.pid} of pod-1: stop it first`)
    expect(readdirSync(directory)).toEqual(['lock'])
  })

  test('is taken over from a process that cannot be seen when it was silent for as long as one waits', async () => {
    const directory = temporaryDirectory()
    leave(directory, { pidNamespace: 'pid:[1]' })
    const begun = performance.now()
    const lock = await acquireLock(directory, soon)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(soon.patienceMs)
    expect(lock.predecessor).toEqual({ clean: false, restarted: false, syncedLater: false })
    await lock.release()
  })

  const stale = [
    {
      name: 'a process that is dead',
      changes: async () => ({ pid: await deadProcess() }),
      predecessor: { clean: false, restarted: false },
    },
    { name: 'a process that has ended and whose parent does not ask', changes: async () => ({ pid: await zombie(), started: '' }) },
    {
      name: 'a process that could not be seen, before the machine was started anew',
      changes: async () => ({ pidNamespace: 'pid:[1]', boot: 'another' }),
      predecessor: { clean: false, restarted: true },
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

describe('a lock that is held', () => {
  const often = { syncedLater: false, beatMs: 10 }

  test('is touched, so that others see it', async () => {
    const directory = temporaryDirectory()
    const lock = await acquireLock(directory, often)
    const long = new Date(0)
    utimesSync(join(directory, 'lock'), long, long)
    await expect.poll(() => statSync(join(directory, 'lock')).mtimeMs, PATIENT).toBeGreaterThan(0)
    expect(() => lock.assertHeld()).not.toThrow()
    await lock.release()
  })

  test('is lost to who has taken it, and then left to them', async () => {
    const directory = temporaryDirectory()
    const lock = await acquireLock(directory, often)
    replace(directory, JSON.stringify({ pid: 1, host: 'pod-2' }))
    await expect.poll(() => lock.lost.aborted, PATIENT).toBe(true)
    expect(() => lock.assertHeld()).toThrow(
      `${join(directory, 'lock')} was taken over by process 1 of pod-2: nothing is written here any more`,
    )
    await lock.release()
    expect(readdirSync(directory)).toEqual(['lock'])
  })

  test('is looked at before it is relied on after a pause', async () => {
    const directory = temporaryDirectory()
    const lock = await acquireLock(directory, often)
    replace(directory, '{"pid":1}')
    // Nothing else runs meanwhile, no timer either.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    expect(() => lock.assertHeld()).toThrow('taken over by process 1')
    await lock.release()
  })

  test('is put back when it was taken away by hand', async () => {
    const directory = temporaryDirectory()
    const lock = await acquireLock(directory, often)
    rmSync(join(directory, 'lock'))
    await expect.poll(() => existsSync(join(directory, 'lock')), PATIENT).toBe(true)
    expect(lock.lost.aborted).toBe(false)
    await lock.release()
    expect(readdirSync(directory)).toEqual([])
  })
})
