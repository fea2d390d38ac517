import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Discoverer, type Emit, type LogStream, type SourceBatch, type TargetGroup } from '@clymene/model'
import { createMetrics, type Metrics, silentLogger } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'

import { createFileSource } from './file-source.ts'
import type { FileJob, FileSourceOptions } from './options.ts'
import type { FileSource } from './view.ts'

export type SentLine = {
  readonly line: string
  readonly labels: Readonly<Record<string, string>>
  readonly timestampNs: bigint
  readonly tenant: string
}

export type RunningSource = {
  readonly sent: SentLine[]
  readonly texts: () => readonly string[]
  readonly batches: SourceBatch[]
  /** While true, emit does not answer. */
  blocked: boolean
  /** What emit answers from now on. */
  failure: Error | undefined
  readonly stop: (options?: { readonly stayBlocked?: boolean }) => Promise<void>
  /** Ends it as kill -9 does: what was not acknowledged stays so, and positions stay as they were last written. */
  readonly kill: () => Promise<void>
  readonly metric: (name: string) => Promise<number>
  /** Files that lag, as the metrics name them. */
  readonly lags: () => Promise<readonly unknown[]>
  /** Rejects when the source failed. */
  readonly run: Promise<void>
} & Pick<FileSource, 'files' | 'targets' | 'reload' | 'positionsTrouble'>

export type TestFolder = {
  readonly path: (name: string) => string
  readonly append: (name: string, text: string) => void
  readonly remove: () => void
}

export function createTestFolder(): TestFolder {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-files-'))
  return {
    path: (name) => join(folder, name),
    append: (name, text) => appendFileSync(join(folder, name), text),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** Discovers these targets, once. */
export const fixedTargets = (...targets: readonly Readonly<Record<string, string>>[]): Discoverer => ({
  run: async (update, signal) => {
    const groups: TargetGroup[] = [{ source: '0', targets: targets.map((target) => new Map(Object.entries(target))), labels: new Map() }]
    update(groups)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  },
})

export const jobOf = (name: string, ...targets: readonly Readonly<Record<string, string>>[]): FileJob => ({
  name,
  discoverers: [fixedTargets(...targets)],
  relabel: [],
  pipeline: [],
})

export function startSource(folder: TestFolder, jobs: readonly FileJob[], options: Partial<FileSourceOptions> = {}): RunningSource {
  const positionsPath = folder.path('positions.yaml')
  const metrics: Metrics = createMetrics()
  const abort = new AbortController()
  const source = createFileSource({
    jobs,
    positionsPath,
    externalLabels: [],
    logger: silentLogger,
    metrics,
    pollMs: 5,
    refreshMs: 20,
    batchWaitMs: 5,
    positionsSyncMs: 5,
    lingerMs: 60,
    stopWaitMs: 2000,
    ...options,
  })
  const emit: Emit = async (batch, signal) => {
    while (running.blocked && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 2))
    if (running.failure !== undefined) throw running.failure
    signal.throwIfAborted()
    // The bytes are the source's again afterwards.
    running.batches.push({ ...batch, body: Buffer.from(batch.body) })
    for (const stream of decodePushRequest(batch.body)) running.sent.push(...linesOf(stream, batch.tenant ?? ''))
  }
  const running: RunningSource = {
    sent: [],
    batches: [],
    blocked: false,
    texts: () => running.sent.map(({ line }) => line),
    run: source.run(emit, abort.signal),
    files: source.files,
    targets: source.targets,
    reload: source.reload,
    positionsTrouble: source.positionsTrouble,
    failure: undefined,
    stop: async ({ stayBlocked = false } = {}) => {
      running.blocked = stayBlocked
      abort.abort()
      await running.run
    },
    kill: async () => {
      const positions = read(positionsPath)
      running.failure = new Error('killed')
      running.blocked = false
      abort.abort()
      await running.run.catch(() => undefined)
      if (positions === undefined) rmSync(positionsPath, { force: true })
      else writeFileSync(positionsPath, positions)
      rmSync(`${positionsPath}.bak`, { force: true })
    },
    metric: async (name) => {
      const metric = await metrics.registry.getSingleMetric(`clymene_agent_file_${name}`)?.get()
      return metric?.values[0]?.value ?? Number.NaN
    },
    lags: async () => {
      const metric = await metrics.registry.getSingleMetric('clymene_agent_file_stream_lag_seconds')?.get()
      return metric?.values.map(({ labels }) => labels) ?? []
    },
  }
  return running
}

function linesOf(stream: LogStream, tenant: string): readonly SentLine[] {
  const labels = Object.fromEntries(stream.labels)
  return stream.entries.map(({ line, timestampNs }) => ({ line, timestampNs, labels, tenant }))
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
