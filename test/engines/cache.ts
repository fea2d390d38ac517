import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where installed engines are kept from clone to clone: `${XDG_CACHE_HOME:-~/.cache}/clymene-engines`. */
export const cacheDirectory = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'clymene-engines')

export const cached = (...path: string[]): string => join(cacheDirectory(), ...path)

/**
 * Makes the file or folder `name` of the cache appear in one step, by a rename: nobody sees a half of it, and what was
 * interrupted leaves nothing behind that counts. `make` is given the path to fill.
 */
export async function makeCached(name: string, make: (path: string) => Promise<void>): Promise<void> {
  const target = cached(name)
  mkdirSync(join(target, '..'), { recursive: true })
  const scratch = mkdtempSync(`${target}.making-`)
  try {
    const path = join(scratch, 'it')
    await make(path)
    rmSync(target, { recursive: true, force: true })
    renameSync(path, target)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * Runs `work` while no other process does the same under `name`. The lock is held by flock(1) on behalf of a child
 * whose standard input is ours: when this process dies, however it does, the system lets go of it.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(cached('locks'), { recursive: true })
  const holder = spawn('flock', [cached('locks', name), 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    holder.once('error', (cause) => reject(new Error('flock (util-linux) is needed to install engines', { cause })))
    holder.once('exit', () => reject(new Error(`flock did not get the lock ${name}`)))
    holder.stdout.once('data', () => resolve())
  })
  try {
    return await work()
  } finally {
    holder.stdin.end()
  }
}
