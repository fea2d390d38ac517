import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { errorCode } from '@clymene/model'

import type { ConfigText } from './config-text.ts'

export type WatchOptions = {
  /** What goes on now, as it was read. */
  readonly texts: () => readonly ConfigText[]
  /** What would be read now, in the order of the texts. */
  readonly files: () => readonly string[]
  /** Rejects when it is refused, which it has told: only another change is tried again. */
  readonly reload: () => Promise<void>
  /** Whether the last reload was refused, whoever asked for it: then what goes on is worth another one, when the files are as they were. */
  readonly isRefused: () => boolean
  /** How often files are looked at, and how long they have to stay as they are before they are read. */
  readonly intervalMs?: number
}

const INTERVAL_MS = 2000

/**
 * Reads the configuration anew when the content of its files has changed and then stayed the same for an interval: editors write in several
 * steps, and a ConfigMap that is mounted switches a link, which says nothing to those who watch the file. Runs until the signal aborts.
 */
export async function watchConfig(
  { texts, files, reload, isRefused, intervalMs = INTERVAL_MS }: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  let refused = ''
  let previous = ''
  for (;;) {
    try {
      await sleep(intervalMs, undefined, { signal })
    } catch {
      return
    }
    const found = await signatureOfFiles(files())
    const isQuiet = found === previous
    previous = found
    const known = isRefused() ? refused : signatureOf(texts().map(({ path, text }) => [path, text]))
    if (!isQuiet || found === known) continue
    await reload().catch(() => (refused = found))
  }
}

const signatureOfFiles = async (paths: readonly string[]): Promise<string> =>
  signatureOf(await Promise.all(paths.map(async (path) => [path, await contentOf(path)] as const)))

/** A file that cannot be read has another signature than an empty one. */
async function contentOf(path: string): Promise<string | { readonly unreadable: string }> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    return { unreadable: errorCode(error) }
  }
}

const signatureOf = (contents: readonly (readonly [path: string, content: unknown])[]): string =>
  createHash('sha256').update(JSON.stringify(contents)).digest('base64')
