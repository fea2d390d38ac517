import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

import { cached } from './cache.ts'
import type { EngineName } from './catalog.ts'

const file = (name: EngineName): string => cached('failed', name)

/** Keeps why an engine could not be installed, for the suites that will miss it. */
export function recordFailure(name: EngineName, reason: string): void {
  mkdirSync(cached('failed'), { recursive: true })
  writeFileSync(file(name), reason)
}

export const forgetFailure = (name: EngineName): void => rmSync(file(name), { force: true })

export function recordedFailure(name: EngineName): string | undefined {
  try {
    return readFileSync(file(name), 'utf8')
  } catch {
    return undefined
  }
}
