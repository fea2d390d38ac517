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
  /** Rejects when it is refused, which it has told. */
  readonly reload: () => Promise<void>
  /**
   * What the last reload refused, whoever asked for it, by the signature of its files, '' when that is not known; undefined when it was
   * taken. Only another content is tried again, and what goes on is, when the files are as they were.
   */
  readonly refused: () => string | undefined
  /** How often files are looked at, and how long they have to stay as they are before they are read. */
  readonly intervalMs?: number
}

const INTERVAL_MS = 2000

/**
 * Reads the configuration anew when the content of its files has changed and then stayed the same for an interval: editors write in several
 * steps, and a ConfigMap that is mounted switches a link, which says nothing to those who watch the file. Runs until the signal aborts.
 */
export async function watchConfig(
  { texts, files, reload, refused, intervalMs = INTERVAL_MS }: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
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
    const known = refused() ?? signatureOf(texts().map(({ path, text }) => [path, text]))
    if (!isQuiet || found === known) continue
    await reload().catch(() => undefined)
  }
}

/** Differs when the content of one of the files does. */
export const signatureOfFiles = async (paths: readonly string[]): Promise<string> =>
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
