import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { startBeat } from './lock-beat.ts'
import { look, put, removeOnly, type Found } from './lock-file.ts'
import { nameOf, parseHolder, stateOf, thisProcess } from './lock-holder.ts'

/** How the process before ended, which the lock it left behind tells. */
export type Predecessor = {
  /** It removed its lock, or there was none. */
  readonly clean: boolean
  /** The machine was started anew since: what was not synced is gone. */
  readonly restarted: boolean
  /** It acknowledged what was written and not yet synced. */
  readonly syncedLater: boolean
}

export type Lock = {
  readonly predecessor: Predecessor
  /** Aborted, with a RetryableError, when another process has taken the lock: this one was silent for too long, and writes no more. */
  readonly lost: AbortSignal
  /** Looks by itself when the last look was long ago, as after a pause of the process. @throws the reason of `lost` */
  readonly assertHeld: () => void
  readonly release: () => Promise<void>
}

export type LockOptions = {
  /** Name of its file; default `lock`. */
  readonly name?: string
  readonly syncedLater: boolean
  /** How often the lock says that its process lives; default 1 s. */
  readonly beatMs?: number
  /** How long a process that lives is waited for, and one that cannot be seen is listened for; default 4 s. */
  readonly patienceMs?: number
}

const FILE = 'lock'
const LOOK_EVERY_MS = 50
/** A pid says little alone: in a container every process has the same. So this process knows what it holds by itself. */
const held = new Set<string>()

/**
 * Makes this process the only one that uses the directory, or with another name what is named so in it. The lock of a process that is dead is taken over: at once when its pid can
 * be looked up here, else (a container's) when the file is not touched any more.
 *
 * @throws Error naming the directory and the process that has it.
 */
export async function acquireLock(
  directory: string,
  { name = FILE, syncedLater, beatMs = 1000, patienceMs = 4000 }: LockOptions,
): Promise<Lock> {
  const path = join(resolve(directory), name)
  if (held.has(path))
    throw new Error(`${name === FILE ? directory : path} is used by this process already: expected one of its own for each log`)
  held.add(path)
  try {
    const mine = JSON.stringify(thisProcess(syncedLater))
    const predecessor = await claim(path, mine, patienceMs)
    const beat = startBeat(path, mine, beatMs)
    return {
      predecessor,
      lost: beat.lost,
      assertHeld: beat.assertHeld,
      release: async () => {
        held.delete(path)
        await beat.end()
        if (!beat.lost.aborted && (await look(path))?.text === mine) await removeOnly(path, mine)
      },
    }
  } catch (error) {
    held.delete(path)
    throw error
  }
}

async function claim(path: string, mine: string, patienceMs: number): Promise<Predecessor> {
  let predecessor: Predecessor = { clean: true, restarted: false, syncedLater: false }
  let first: (Found & { readonly atMs: number }) | undefined
  const begunMs = performance.now()
  for (let taken = 0; taken < 10;) {
    const found = await look(path)
    if (found === undefined) {
      if (await put(path, mine)) return predecessor
      continue
    }
    const nowMs = performance.now()
    if (first?.text !== found.text) first = { ...found, atMs: nowMs }
    const holder = parseHolder(found.text)
    const state = holder === undefined ? 'dead' : stateOf(holder)
    const isSilent = found.touchedMs === first.touchedMs
    if (state === 'dead' || (state === 'unseen' && isSilent && nowMs - first.atMs >= patienceMs)) {
      predecessor = {
        clean: false,
        restarted: holder === undefined || holder.boot === '' || holder.boot !== parseHolder(mine)?.boot,
        syncedLater: holder?.syncedLater ?? true,
      }
      await removeOnly(path, found.text)
      taken++
    } else {
      if (holder !== undefined && nowMs - begunMs >= patienceMs && !(state === 'unseen' && isSilent))
        throw new Error(`${path} is held by ${nameOf(holder)}: stop it first`)
      await sleep(LOOK_EVERY_MS)
    }
  }
  throw new Error(`${path} is being taken by other processes: expected one process for the directory`)
}
