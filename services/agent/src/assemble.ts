import { hostname } from 'node:os'
import { join } from 'node:path'

import { createSequenceStore, openEmbeddedBus } from '@clymene/bus'
import type { SenderAccount } from '@clymene/ledger'
import { ConfigError, errorMessage, type Kind, type Labels, type Source } from '@clymene/model'
import type { Backoff, Host } from '@clymene/runtime'
import { createScrapeSource, createStageMetrics, type JournalJob, type ScrapeSource, type ScrapeSourceOptions } from '@clymene/sources'
import type { StageMetrics } from '@clymene/stages'
import type { StorageTarget } from '@clymene/storages'

import { BUFFER_TOPICS, createAgent, type Agent } from './agent.ts'
import { openAgentBooks } from './books.ts'
import { createBufferedLogs } from './buffered-logs.ts'
import { withCluster } from './config/external-labels.ts'
import type { LogConfig } from './config/log-config.ts'
import type { ScrapeConfig } from './config/scrape-config.ts'
import { createHeldPositions, type HeldPositions } from './held-positions.ts'
import { createJournalCursors, type JournalCursors } from './journal-cursors.ts'
import { createLogSource, type LogSource, positionsPathFor, type LogSetup } from './log-source.ts'
import { ownCluster } from './own-cluster.ts'
import type { ReadLogs, ScrapedConfig } from './pages/agent-view.ts'
import { createReplaceableSource } from './replaceable-source.ts'
import { createSlowestOfEach, type NotePositions } from './slowest-of-each.ts'
import { positionsTroubleOf, viewLogs } from './view-logs.ts'

export type AgentSetup = LogSetup & {
  /** '' is the host name. */
  readonly agentId: string
  /** Of lines that no stage gives one. */
  readonly tenant: string
  readonly scrapeConfigs: readonly ScrapeConfig[]
  /** What holds for the scrapes of all configurations; left out is what the scrape source has by itself. */
  readonly scraping?: Pick<ScrapeSourceOptions, 'seriesLimits' | 'shard' | 'metadataIntervalMs'>
  /** Series of all `metrics` stages together; left out is what the stage metrics have by themselves. */
  readonly maxStageSeries?: number
  readonly logBackoff: Partial<Backoff>
  /** Beside the scrapes: what cannot be read again and so waits in the buffer, samples or lines. */
  readonly bufferedSources: readonly Source[]
  readonly buffer: {
    readonly directory: string
    readonly maxBytes: number
    readonly maxAgeMs: number
    readonly full: 'expire' | 'refuse'
    /** 0: what was appended is synced before it counts as such. */
    readonly fsyncIntervalMs: number
    readonly drainTimeoutMs: number
  }
  readonly sinks: ReadonlyMap<Kind, readonly StorageTarget[]>
  readonly host: Pick<Host, 'logger' | 'metrics' | 'readiness' | 'version'>
}

export type AssembledAgent = Agent & {
  /** One for each scrape configuration, in their order: what it scrapes and what it says now, for the admin pages. */
  readonly scraped: () => readonly ScrapedConfig[]
  /** The same of logs; undefined when there is no configuration of them. */
  readonly logs: () => ReadLogs | undefined
  /** Takes the configurations in place of those it was made with, one for one; those of logs only when they are given. */
  readonly reload: (next: Pick<AgentSetup, 'scrapeConfigs'> & Partial<Pick<AgentSetup, 'logConfigs'>>) => Promise<void>
  /** What became of what was sent, by kind and storage. */
  readonly accounts: (signal: AbortSignal) => Promise<readonly SenderAccount[]>
  readonly close: () => Promise<void>
}

/** Opens the buffer and joins sources, buffer and sinks. @throws ConfigError when the buffer cannot be opened, or another process has it or the positions */
export async function assembleAgent(setup: AgentSetup): Promise<AssembledAgent> {
  const { buffer: bounds, host, streams, cluster } = setup
  const { logger, metrics, version } = host
  const storagesOf = (kind: Kind): readonly string[] => (setup.sinks.get(kind) ?? []).map(({ storage }) => storage)
  const positions = createHeldPositions(logger, storagesOf('logs'))
  const buffer = await openOwn(setup, positions)
  const sequences = createSequenceStore(join(bounds.directory, 'sequences'))
  const identity = { agent: setup.agentId === '' ? hostname() : setup.agentId, cluster: ownCluster(setup), tenant: setup.tenant }
  const books = openAgentBooks({
    directory: bounds.directory,
    buffer,
    topics: BUFFER_TOPICS,
    identity,
    epoch: sequences.epoch,
    buffered: { metrics: storagesOf('metrics'), logs: storagesOf('logs') },
    direct: setup.logConfigs.length === 0 ? [] : storagesOf('logs'),
    metrics,
    logger,
  })
  const scrapes = setup.scrapeConfigs.map(({ jobs, externalLabels }): ScrapeSource => {
    const labels = withCluster(externalLabels, cluster)
    const { unavailable } = buffer
    return createScrapeSource({
      ...setup.scraping,
      jobs,
      externalLabels: labels,
      streams,
      unavailable,
      metrics,
      logger,
      version: version.version,
    })
  })
  let { logConfigs } = setup
  // They stay over reloads: what is counted goes on.
  const stageMetrics = createStageMetrics({
    metrics,
    logger,
    ...(setup.maxStageSeries === undefined ? {} : { maxSeries: setup.maxStageSeries }),
  })
  const cursors = createJournalCursors()
  const note = createSlowestOfEach(storagesOf('logs'))
  const readers = new Map(
    storagesOf('logs').map((name) => [
      name,
      createReplaceableSource(() => logSourceOf({ ...setup, logConfigs }, name, { stageMetrics, note, cursors })),
    ]),
  )
  host.readiness.remark('positions', () => positionsTroubleOf(readers))
  const folder = join(bounds.directory, 'journal')
  const reading = { ...setup.reading, stageMetrics }
  const bufferedLogs = setup.logConfigs.length === 0 ? [] : [createBufferedLogs({ ...setup, reading, folder, cursors, logger, metrics })]
  const agent = createAgent({
    identity,
    bufferedSources: [...setup.bufferedSources, ...bufferedLogs, ...scrapes],
    logSource: setup.logConfigs.length === 0 ? undefined : (storage) => readers.get(storage),
    sinks: setup.sinks,
    buffer,
    sequences,
    books,
    drainTimeoutMs: bounds.drainTimeoutMs,
    logBackoff: setup.logBackoff,
    ...host,
  })
  let current = setup.scrapeConfigs
  return {
    scraped: () =>
      scrapes.map((source, index) => {
        const { jobs = [], texts = [], externalLabels = [] } = current[index] ?? {}
        return { source, jobs, texts, externalLabels: withCluster(externalLabels, cluster) }
      }),
    logs: () => (setup.logConfigs.length === 0 ? undefined : viewLogs(logConfigs, readers)),
    run: (signal) => {
      logger.info('agent collects', {
        jobs: setup.scrapeConfigs.flatMap(({ jobs }) => jobs).length,
        logJobs: setup.logConfigs.flatMap(jobsOf).length,
        cluster: clustersOf(setup).join(', '),
        storages: [...new Set([...setup.sinks.values()].flat().map(({ storage }) => storage))],
      })
      return agent.run(AbortSignal.any([signal, positions.lost])).then(() => positions.lost.throwIfAborted())
    },
    reload: async (next) => {
      if (next.logConfigs !== undefined) {
        if (next.logConfigs.some(({ stdinJob }, index) => (stdinJob === undefined) !== (logConfigs[index]?.stdinJob === undefined)))
          throw new ConfigError('target_config.stdin: whether standard input is read cannot change while the agent runs')
        await positions.take(next.logConfigs)
        logConfigs = next.logConfigs
        stageMetrics.reload(logConfigs.flatMap(jobsOf).map(({ pipeline }) => pipeline))
        for (const source of bufferedLogs) source.reload(logConfigs)
        // A reader that does not run yet is made of what is there when it does.
        for (const reader of readers.values()) if (reader.current()?.reload(logConfigs) === false) reader.replace()
      }
      current = next.scrapeConfigs
      for (const [index, { jobs, externalLabels }] of current.entries()) scrapes[index]?.reload(jobs, withCluster(externalLabels, cluster))
    },
    accounts: books.accounts,
    close: async () => {
      await books.close()
      await buffer.close()
      sequences.close()
      await positions.release()
    },
  }
}

const jobsOf = ({ jobs, journalJobs, stdinJob }: LogConfig): readonly Pick<JournalJob, 'pipeline'>[] => [
  ...jobs,
  ...journalJobs,
  ...(stdinJob === undefined ? [] : [stdinJob]),
]

/** Values of `cluster` that series and lines get unless rules say otherwise: external_labels go before the flag. */
function clustersOf({
  cluster,
  logLabels,
  scrapeConfigs,
  logConfigs,
}: Pick<AgentSetup, 'cluster' | 'logLabels' | 'scrapeConfigs' | 'logConfigs'>): readonly string[] {
  const all = [...scrapeConfigs.map(({ externalLabels }) => externalLabels), ...logConfigs.map(() => logLabels)]
  const values = all.map((labels) => withCluster(labels, cluster).find(([name]) => name === 'cluster')?.[1] ?? '')
  return [...new Set(values)].filter((value) => value !== '')
}

/** Which jobs' series or lines will have no `cluster`, in one line. */
export function clusterWarnings({
  cluster,
  logLabels,
  scrapeConfigs,
  logConfigs,
}: Pick<AgentSetup, 'cluster' | 'logLabels' | 'scrapeConfigs' | 'logConfigs'>): readonly string[] {
  const has = (labels: Labels): boolean => cluster !== '' || labels.some(([name, value]) => name === 'cluster' && value !== '')
  const jobs = [
    ...scrapeConfigs.flatMap((config) => (has(config.externalLabels) ? [] : config.jobsWithoutCluster)),
    ...logConfigs.flatMap((config) => (has(logLabels) ? [] : config.jobsWithoutCluster)),
  ]
  const [first, second] = jobs
  if (first === undefined) return []
  const named = jobs.slice(0, MOST_NAMED).map((job) => JSON.stringify(job))
  const more = jobs.length > MOST_NAMED ? ` and ${jobs.length - MOST_NAMED} more` : ''
  const who = second === undefined ? `job ${named.join('')} has` : `jobs ${named.join(', ')}${more} have`
  return [`${who} no cluster: set --cluster, external_labels or a rule with target_label: cluster`]
}

const MOST_NAMED = 5

/** What is on its way when the agent has had its time to drain: a moment to be answered, so that it need not be sent twice. */
const FAREWELL_MS = 500

/** What no other process may use. */
async function openOwn(setup: AgentSetup, positions: HeldPositions) {
  const [buffer, taken] = await Promise.allSettled([openBuffer(setup), positions.take(setup.logConfigs)])
  if (buffer.status === 'fulfilled' && taken.status === 'fulfilled') return buffer.value
  if (buffer.status === 'fulfilled') await buffer.value.close()
  await positions.release()
  throw buffer.status === 'rejected' ? buffer.reason : taken.status === 'rejected' ? taken.reason : undefined
}

async function openBuffer({ buffer, streams, host: { logger, metrics } }: AgentSetup) {
  const { directory, maxBytes, maxAgeMs, full, fsyncIntervalMs } = buffer
  // A stream waits only for itself.
  const bounds = { partitions: streams, maxBytes, maxAgeMs, full, fsyncIntervalMs }
  try {
    return await openEmbeddedBus({ directory, ...bounds, drainMs: FAREWELL_MS, component: 'buffer', metrics, logger })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`--buffer.dir=${JSON.stringify(directory)}: ${errorMessage(error)}`)
  }
}

/** What the readers of all storages have in common. */
type Common = { readonly stageMetrics: StageMetrics; readonly note: NotePositions; readonly cursors: JournalCursors }

function logSourceOf(setup: AgentSetup, storage: string, { stageMetrics, note, cursors }: Common): LogSource {
  const { logger, metrics } = setup.host
  const isOnly = (setup.sinks.get('logs')?.length ?? 0) <= 1
  // One reader shows and counts what all of them do.
  const isFirst = setup.sinks.get('logs')?.[0]?.storage === storage
  const { inspect: _, ...unseen } = setup.reading ?? {}
  const reading = isFirst ? { ...setup.reading, stageMetrics } : { ...unseen, countsLines: false }
  const positionsPath = (config: LogConfig): string => positionsPathFor(config, storage, isOnly)
  const several = isOnly ? {} : { oneOfSeveral: { reader: storage, note } }
  const ownFolders = [setup.buffer.directory, ...(setup.ownFolders ?? [])]
  return createLogSource({ ...setup, reading, reader: storage, positionsPath, ownFolders, ...several, cursors, logger, metrics })
}
