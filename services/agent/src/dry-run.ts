import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCode, type Emit, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'

import type { LogConfig } from './config/log-config.ts'
import { entryText } from './entry-text.ts'
import { createLogSource, positionsPathFor, type LogSetup } from './log-source.ts'

export type DryRunOptions = LogSetup & {
  /** Where lines would go: reading begins where the first of them stands. */
  readonly storages: readonly string[]
  /** Takes whole lines with their line ends; resolves when there is room for more. */
  readonly print: (text: string) => Promise<void>
  /** An existing folder for what is thrown away at the end. */
  readonly scratch: string
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * Reads and shapes lines as a real run does, from where the positions stand, and prints them instead of sending them. Positions
 * move in copies that are thrown away, so a real run after it sends the same lines. Runs until the signal aborts.
 */
export async function dryRun(options: DryRunOptions, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(options.scratch, 'clymene-dry-run-'))
  try {
    const copies = await copyPositions(options, folder)
    const emit: Emit = ({ body }) => options.print(printed(body))
    await createLogSource({ ...options, positionsPath: (config) => copies.get(config) ?? join(folder, 'positions') }).run(emit, signal)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function copyPositions({ logConfigs, storages }: DryRunOptions, folder: string): Promise<ReadonlyMap<LogConfig, string>> {
  const copies = logConfigs.map(async (config, index) => {
    const original = positionsPathFor(config, storages[0] ?? '', storages.length <= 1)
    const copy = join(folder, `positions-${index}.yaml`)
    for (const suffix of ['', '.bak']) {
      await copyFile(`${original}${suffix}`, `${copy}${suffix}`).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error
      })
    }
    return [config, copy] as const
  })
  return new Map(await Promise.all(copies))
}

const printed = (body: Buffer): string =>
  decodePushRequest(body)
    .flatMap(({ labels, entries }) => entries.map((entry) => entryText(labels, entry)))
    .join('')
