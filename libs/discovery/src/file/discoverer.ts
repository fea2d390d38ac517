import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { type Discoverer, errorCode, errorMessage, type Logger, type TargetGroup } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import { changedGroups, groupsByName, type Groups } from '../group-changes.ts'
import { watchFolders } from '../watch-folders.ts'
import type { FileDiscoveryConfig } from './config.ts'
import { readTargetFile } from './target-file.ts'

export type { FileDiscoveryConfig } from './config.ts'

export type FileDiscoveryOptions = { readonly logger: Logger; readonly metrics: Metrics }

/** The groups of each file by its path. */
type Files = ReadonlyMap<string, readonly TargetGroup[]>

/**
 * Target groups from files: read at the start, when their folder changes, and every `refreshMs` in case a change went
 * unseen. A file that cannot be read or is wrong keeps the groups it had, is logged and counted; a file that is gone takes
 * its groups along.
 */
export function createFileDiscoverer(config: FileDiscoveryConfig, { logger, metrics }: FileDiscoveryOptions): Discoverer {
  const errors = metrics.counter('clymene_agent_sd_file_read_errors_total', 'Files of file_sd_configs that could not be read or were wrong')

  const readFiles = async (before: Files): Promise<{ readonly files: Files; readonly errors: number }> => {
    const after = new Map<string, readonly TargetGroup[]>()
    let failed = 0
    for (const path of await expand(config.files)) {
      try {
        after.set(path, await readTargetFile(path))
      } catch (error) {
        // Gone between listing and reading: as if it had not been listed.
        if (errorCode(error) === 'ENOENT') continue
        failed++
        errors.inc()
        logger.error('target file ignored, its last good groups stay', { path, error: errorMessage(error) })
        after.set(path, before.get(path) ?? [])
      }
    }
    return { files: after, errors: failed }
  }

  /** Runs that have not read all files yet: one that is wrong from the start may name what somebody knows from before. */
  const waiting = new Set<AbortSignal>()
  return {
    waits: () => waiting.size > 0,
    run: async (update, signal) => {
      const changes = watchFolders([...new Set(config.files.map((file) => dirname(file)))], logger)
      waiting.add(signal)
      try {
        let files: Files = new Map()
        let said = false
        while (!signal.aborted) {
          const before = groupsOf(files)
          const read = await readFiles(files)
          files = read.files
          if (read.errors === 0) waiting.delete(signal)
          const changed = changedGroups(before, groupsOf(files))
          // That there are none is said once, unless a file could not be read: nobody knows then.
          const isFirst = !said && read.errors === 0
          if ((changed.length > 0 || isFirst) && !signal.aborted) {
            said = true
            update(changed)
          }
          await changes.next(config.refreshMs, signal)
        }
      } finally {
        waiting.delete(signal)
        changes.close()
      }
    },
  }
}

/** Paths that exist, each once, in the order given. */
async function expand(patterns: readonly string[]): Promise<ReadonlySet<string>> {
  const paths = new Set<string>()
  for (const pattern of patterns) {
    const [before = '', after] = basename(pattern).split('*')
    if (after === undefined) {
      paths.add(pattern)
      continue
    }
    const rest = basename(pattern).split('*').slice(1)
    const names: readonly string[] = await readdir(dirname(pattern)).catch(() => [])
    for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) if (matches(name, before, rest)) paths.add(join(dirname(pattern), name))
  }
  return paths
}

/** `before*rest[0]*rest[1]…`; `*` matches any run of characters. */
function matches(name: string, before: string, rest: readonly string[]): boolean {
  if (!name.startsWith(before)) return false
  let position = before.length
  for (const [index, part] of rest.entries()) {
    const found = index === rest.length - 1 ? name.length - part.length : name.indexOf(part, position)
    if (found < position || !name.startsWith(part, found)) return false
    position = found + part.length
  }
  return true
}

const groupsOf = (files: Files): Groups => groupsByName([...files.values()].flat())
