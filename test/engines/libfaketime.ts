import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { packageFile, unpackPackage } from './debian.ts'

/** Preloaded, it shows a process another wall clock; monotonic ones go on as they are. */
const library = (): string | undefined => globSync(packageFile('libfaketime', 'usr/lib/*/faketime/libfaketime.so.1'))[0]

export const isLibfaketimeInstalled = (): boolean => library() !== undefined
export const installLibfaketime = (): Promise<void> => unpackPackage('libfaketime')

/** A wall clock that can be moved while processes look at it. */
export type MovableClock = {
  /** Of a process that is to see this clock. */
  readonly environment: Readonly<Record<string, string>>
  /** Ahead of the true time by so much from now on, negative for behind; seen within a second. */
  readonly moveTo: (aheadMs: number) => void
}

export function createMovableClock(directory: string, name: string): MovableClock {
  const file = join(directory, `${name}.clock`)
  const moveTo = (aheadMs: number): void => writeFileSync(file, `${aheadMs < 0 ? '' : '+'}${(aheadMs / 1000).toFixed(3)}\n`)
  moveTo(0)
  return {
    environment: {
      LD_PRELOAD: library() ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    },
    moveTo,
  }
}
