import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { silentLogger } from '@clymene/runtime'
import { onTestFinished } from 'vitest'

import { openEmbeddedStore, type EmbeddedStore, type EmbeddedStoreOptions } from '../store.ts'

/** A directory that goes when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-store-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export type TestStore = EmbeddedStore & { readonly directory: string }

export async function openStore(options: Partial<EmbeddedStoreOptions> = {}): Promise<TestStore> {
  const directory = options.directory ?? temporaryDirectory()
  const store = await openEmbeddedStore({ logger: silentLogger, maxAgeMs: Number.MAX_SAFE_INTEGER, ...options, directory })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= store.close())
  onTestFinished(close)
  return { ...store, directory, close }
}

/** What is on the disk at this moment, as after kill -9: nothing of the running store's memory is in it. */
export function copyOf(store: TestStore): string {
  const directory = temporaryDirectory()
  cpSync(store.directory, directory, { recursive: true })
  return directory
}

export const openCopy = (store: TestStore, options: Partial<EmbeddedStoreOptions> = {}): Promise<TestStore> =>
  openStore({ ...options, directory: copyOf(store) })

export const signal = new AbortController().signal
