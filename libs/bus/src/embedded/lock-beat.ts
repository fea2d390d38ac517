import { readFileSync } from 'node:fs'
import { readFile, utimes } from 'node:fs/promises'

import { errorCode, RetryableError } from '@clymene/model'

import { put } from './lock-file.ts'
import { nameOf, parseHolder } from './lock-holder.ts'

/** Touches the lock for others to see that this process lives, and sees whether it is still this one's. */
export function startBeat(path: string, mine: string, beatMs: number) {
  const losing = new AbortController()
  let seenMs = performance.now()
  const isOf = (text: string): void => {
    seenMs = performance.now()
    if (text === mine || losing.signal.aborted) return
    const other = parseHolder(text)
    const by = other === undefined ? 'somebody' : nameOf(other)
    losing.abort(new RetryableError(`${path} was taken over by ${by}: nothing is written here any more`, { needsOperator: true }))
  }
  const beat = async (): Promise<void> => {
    try {
      isOf(await readFile(path, 'utf8'))
      const now = new Date()
      if (!losing.signal.aborted) await utimes(path, now, now)
    } catch (error) {
      // Taken away by hand, or just now by a process that found it silent: the one that puts its own first has it.
      if (errorCode(error) === 'ENOENT') await put(path, mine)
    }
  }
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    // No look, no news: a full disk or too many open files take the lock from nobody.
    running = running.then(beat).catch(() => undefined)
  }, beatMs).unref()
  losing.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  return {
    lost: losing.signal,
    assertHeld: (): void => {
      if (performance.now() - seenMs > 2 * beatMs) lookNow(path, isOf)
      losing.signal.throwIfAborted()
    },
    end: async (): Promise<void> => {
      clearInterval(timer)
      await running
    },
  }
}

function lookNow(path: string, isOf: (text: string) => void): void {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return
  }
  isOf(text)
}
