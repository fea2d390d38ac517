import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { errorCode } from '@clymene/model'

/** How the process before ended, which the lock it left behind tells. */
export type Predecessor = {
  /** It removed its lock, or there was none. */
  readonly clean: boolean
  /** The machine was started anew since: what was not synced is gone. */
  readonly restarted: boolean
  /** It acknowledged what was written and not yet synced. */
  readonly syncedLater: boolean
}

export type Lock = { readonly predecessor: Predecessor; readonly release: () => Promise<void> }

type Holder = { readonly pid: number; readonly started: string; readonly boot: string; readonly syncedLater: boolean }

const FILE = 'lock'
/** A pid says little alone: in a container every process has the same. So this process knows what it holds by itself. */
const held = new Set<string>()

/**
 * Makes this process the only one that uses the directory. The lock of a process that is dead is taken over.
 *
 * @throws Error naming the directory and the process that has it.
 */
export async function acquireLock(directory: string, options: { readonly syncedLater: boolean }): Promise<Lock> {
  const path = join(resolve(directory), FILE)
  if (held.has(path)) throw new Error(`${directory} is used by this process already: expected a directory of its own for each log`)
  held.add(path)
  try {
    const predecessor = await claim(path, options.syncedLater)
    return {
      predecessor,
      release: async () => {
        held.delete(path)
        await rm(path, { force: true })
      },
    }
  } catch (error) {
    held.delete(path)
    throw error
  }
}

async function claim(path: string, syncedLater: boolean): Promise<Predecessor> {
  const mine: Holder = { pid: process.pid, started: startOf('self') ?? '', boot: bootId(), syncedLater }
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, JSON.stringify(mine))
  let predecessor: Predecessor = { clean: true, restarted: false, syncedLater: false }
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (await linked(temporary, path)) return predecessor
      const text = await readFile(path, 'utf8').catch(() => '')
      const holder = parseHolder(text)
      if (holder !== undefined && isAlive(holder)) throw new Error(`${path} is held by process ${holder.pid}: stop it first`)
      predecessor = {
        clean: false,
        restarted: holder === undefined || holder.boot !== mine.boot || mine.boot === '',
        syncedLater: holder?.syncedLater ?? true,
      }
      await removeStale(path, text)
    }
    throw new Error(`${path} is being taken by other processes: expected one process for the directory`)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Two processes may find the same stale lock: only the file that was looked at is taken away, a newer one is put back. */
async function removeStale(path: string, text: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}`
  try {
    await rename(path, aside)
    if ((await readFile(aside, 'utf8')) !== text) await linked(aside, path)
    await rm(aside, { force: true })
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(text)
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || typeof holder.pid !== 'number') return undefined
    return {
      pid: holder.pid,
      started: 'started' in holder ? String(holder.started) : '',
      boot: 'boot' in holder ? String(holder.boot) : '',
      syncedLater: !('syncedLater' in holder) || holder.syncedLater === true,
    }
  } catch {
    return undefined
  }
}

function isAlive({ pid, started, boot }: Holder): boolean {
  if (pid === process.pid) return false
  if (boot !== bootId()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
  // Another program may have got the number since; where the system does not tell, it counts as alive.
  const now = startOf(String(pid))
  return now === undefined || started === '' || now === started
}

/** When the process began, in ticks since the machine did (Linux: field 22 of /proc/<pid>/stat); undefined elsewhere. */
function startOf(pid: string): string | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The name in field 2 may contain blanks and parentheses: fields are counted from behind it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

const bootId = (): string => readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
