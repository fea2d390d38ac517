import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Labels, Logger } from '@clymene/model'
import { parseRelabelConfigs } from '@clymene/relabel'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { parseStages } from '@clymene/stages'
import { decodePushRequest } from '@clymene/wire'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createJournalSource } from './journal-source.ts'
import type { JournalJob, JournalSourceOptions } from './options.ts'
import { createScriptedJournal } from './scripted-journalctl.test-kit.ts'

export type SentEntry = {
  readonly labels: Readonly<Record<string, string>>
  readonly line: string
  readonly timestampNs: bigint
  readonly metadata: Labels
}

/** A folder with a scripted journal, a journalctl that reads it, and cursors. */
export function createJournalFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-journal-'))
  const program = join(folder, 'journalctl')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, 'scripted-journalctl.test-kit.ts')}' "$@"\n`)
  chmodSync(program, 0o755)
  const cursors = join(folder, 'cursors')
  return {
    program,
    cursors,
    path: join(folder, 'journal'),
    journal: createScriptedJournal(join(folder, 'journal')),
    file: (name: string): string => join(folder, name),
    cursorFiles: (): readonly string[] => (existsSync(cursors) ? readdirSync(cursors).map((name) => join(cursors, name)) : []),
    remove: (): void => rmSync(folder, { recursive: true }),
  }
}
export type JournalFolder = ReturnType<typeof createJournalFolder>

/** A job as a configuration has it. */
export const journalJob = ({
  rules = [],
  stages = [],
  ...job
}: Partial<JournalJob> & { readonly rules?: readonly unknown[]; readonly stages?: readonly unknown[] }): JournalJob => ({
  name: 'j',
  fingerprint: '',
  relabel: parseRelabelConfigs(rules, 'relabel_configs'),
  pipeline: parseStages(stages, 'pipeline_stages'),
  labels: [['job', 'journal']],
  path: '',
  matches: [],
  // Entries of tests are old.
  maxAgeMs: 20 * 365 * 86_400_000,
  json: false,
  ...job,
})

export function startJournal(folder: JournalFolder, jobs: readonly JournalJob[], options: Partial<JournalSourceOptions> = {}) {
  const stop = new AbortController()
  const metrics = createMetrics()
  const sent: SentEntry[] = []
  const logged: string[] = []
  const note =
    (level: string): Logger['info'] =>
    (message, fields) =>
      void logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { ...silentLogger, warn: note('warn'), error: note('error') }
  const state = { blocked: false, failure: undefined as Error | undefined }
  const source = createJournalSource({
    jobs: jobs.map((job) => ({ ...job, path: folder.path })),
    program: folder.program,
    cursorFolder: folder.cursors,
    externalLabels: [],
    stream: 'journal',
    batch: { bytes: 100_000, waitMs: 5 },
    labelLimits: LOKI_LABEL_LIMITS,
    maxLineBytes: 1000,
    longLines: 'truncate',
    metrics,
    logger,
    backoff: { minMs: 1, maxMs: 5 },
    ...options,
  })
  const run = source.run(async ({ body }, signal) => {
    if (state.failure !== undefined) throw state.failure
    if (state.blocked)
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    for (const { labels, entries } of decodePushRequest(body))
      for (const { line, timestampNs, metadata = [] } of entries)
        sent.push({ labels: Object.fromEntries(labels), line, timestampNs, metadata })
  }, stop.signal)
  run.catch(() => undefined)
  return {
    sent,
    logged,
    state,
    lines: (): readonly string[] => sent.map(({ line }) => line),
    metric: async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> => {
      const values = (await metrics.registry.getSingleMetric(name)?.get())?.values ?? []
      return values
        .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0)
    },
    stop: (): Promise<void> => {
      stop.abort()
      return run
    },
    run,
  }
}
export type RunningJournal = ReturnType<typeof startJournal>
