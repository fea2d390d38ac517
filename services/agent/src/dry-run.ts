import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode, type Emit, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { positionsToReadOf } from '@clymene/sources'
import { decodePushRequest } from '@clymene/wire'

import { createBufferedLogs } from './buffered-logs.ts'
import type { LogConfig } from './config/log-config.ts'
import { entryText } from './entry-text.ts'
import { createLogSource, type LogSetup } from './log-source.ts'
import { together } from './together.ts'

export type DryRunOptions = LogSetup & {
  /** Where lines would go: reading begins where the first of them stands. */
  readonly storages: readonly string[]
  /** Takes whole lines with their line ends; resolves when there is room for more. */
  readonly print: (text: string) => Promise<void>
  /** That of the buffer: reading of the journal begins where its cursors stand. */
  readonly bufferFolder: string
  /** An existing folder for what is thrown away at the end. */
  readonly scratch: string
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * Reads and shapes lines as a real run does, from where the positions stand, and prints them instead of sending them. Positions
 * move in copies that are thrown away, so a real run after it sends the same lines. Runs until the signal aborts, or standard input ends.
 */
export async function dryRun(options: DryRunOptions, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(options.scratch, 'clymene-dry-run-'))
  try {
    const copies = await copyPositions(options, folder)
    const emit: Emit = async ({ body, refused }) => {
      if (refused === undefined) await options.print(printed(body))
    }
    const files = createLogSource({
      ...options,
      ownFolders: [options.bufferFolder, ...(options.ownFolders ?? [])],
      positionsPath: (config) => copies.get(config) ?? join(folder, 'positions'),
    })
    const others = createBufferedLogs({ ...options, folder: join(options.bufferFolder, 'journal'), movesCursors: false })
    await together(
      [files, others].map((source) => (end: AbortSignal) => source.run(emit, end)),
      signal,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function copyPositions({ logConfigs, storages }: DryRunOptions, folder: string): Promise<ReadonlyMap<LogConfig, string>> {
  const copies = logConfigs.map(async (config, index) => {
    const copy = join(folder, `positions-${index}.yaml`)
    // A storage that has none of its own begins where the configuration has them.
    for (const original of new Set([
      await positionsToReadOf(config.positionsPath, storages[0] ?? '', storages.length <= 1),
      config.positionsPath,
    ]))
      if (await copyWithBackup(original, copy)) break
    return [config, copy] as const
  })
  return new Map(await Promise.all(copies))
}

/** Whether there was anything to copy. */
async function copyWithBackup(original: string, copy: string): Promise<boolean> {
  let found = false
  for (const suffix of ['', '.bak']) {
    try {
      await copyFile(`${original}${suffix}`, `${copy}${suffix}`)
      found = true
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
  return found
}

/** A batch has its entries by stream; where their times are those of reading, they are printed as they were read. */
const printed = (body: Buffer): string =>
  decodePushRequest(body)
    .flatMap(({ labels, entries }) => entries.map((entry) => ({ labels, entry })))
    .toSorted((a, b) => Number(a.entry.timestampNs - b.entry.timestampNs))
    .map(({ labels, entry }) => entryText(labels, entry))
    .join('')
