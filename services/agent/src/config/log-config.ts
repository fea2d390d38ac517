import type { DiscoveryContext } from '@clymene/discovery'
import { parseRelabelConfigs } from '@clymene/relabel'
import type { FileJob } from '@clymene/sources'
import { parseStages } from '@clymene/stages'

import { readDiscovery, setsCluster } from './discovery.ts'
import { readJobNames } from './job-names.ts'
import { createLogDiscoverer } from './own-pods.ts'
import { openYaml, type Section } from './section.ts'

/** What a log configuration is read with. */
export type LogContext = DiscoveryContext & {
  /** Pods of a `kubernetes_sd_configs` are asked for of this node only; absent: of all nodes. */
  readonly ownNode?: string
  /** Where that node is said, for when it has no pod. */
  readonly ownNodeHint?: string
}

export type LogConfig = {
  readonly positionsPath: string
  /** How often targets are looked at anew. */
  readonly refreshMs: number
  readonly jobs: readonly FileJob[]
  readonly warnings: readonly string[]
  readonly jobsWithoutCluster: readonly string[]
}

/** Sources of Promtail that come later. */
const NOT_YET = new Set(
  'journal syslog gcplog loki_push_api windows_events kafka gelf cloudflare azure_event_hubs heroku_drain limits_config limit_config'.split(
    ' ',
  ),
)
const notYet = (key: string): string | undefined => (NOT_YET.has(key) ? 'is not supported yet' : undefined)

/**
 * Reads a configuration of Promtail. Where lines go is said by STORAGE_TYPE, not by `clients`.
 *
 * @param mistakes gets every mistake with file and line; what is returned is usable only when none was added.
 * @throws ConfigError when the text is no YAML map.
 */
export function readLogConfig(text: string, path: string, context: LogContext, mistakes: string[]): LogConfig {
  const root = openYaml(text, path, mistakes)
  const warnings = ['clients', 'client']
    .filter((key) => root.has(key))
    .map((key) => `${root.where(key)}: has no effect, STORAGE_TYPE and the flags of the storage say where lines go`)
  root.accept('clients', 'client', 'server', 'tracing', 'runtime_config')
  if (root.has('server')) warnings.push(`${root.where('server')}: has no effect, --admin.http.host-ports serves health and metrics`)
  const positions = readPositions(root.section('positions'))
  const target = root.section('target_config')
  const refreshMs = target?.duration('sync_period', 10_000) ?? 10_000
  if (target?.bool('stdin', false) === true) target.mistake('stdin', 'is not supported yet')
  target?.finish()
  const sections = root.sections('scrape_configs')
  const names = readJobNames(sections, path)
  const jobs = sections.map((section, index) => readJob(section, names[index] ?? '', path, context))
  root.finish(notYet)
  return {
    positionsPath: positions,
    refreshMs,
    jobs: jobs.map(({ job }) => job),
    warnings,
    jobsWithoutCluster: jobs.filter((one) => !one.setsCluster).map(({ job }) => job.name),
  }
}

function readPositions(section: Section | undefined): string {
  if (section === undefined) return '/var/log/positions.yaml'
  const path = section.string('filename', '/var/log/positions.yaml')
  // Positions are saved when a batch is acknowledged; a broken file is always reported and never stops the start.
  section.accept('sync_period', 'ignore_invalid_yaml')
  section.finish()
  return path
}

type ReadJob = { readonly job: FileJob; readonly setsCluster: boolean }

function readJob(section: Section, name: string, path: string, context: LogContext): ReadJob {
  const rules = section.parsed('relabel_configs', parseRelabelConfigs, [])
  const { ownNode } = context
  const discovery = { defaultTarget: 'localhost', ...(ownNode === undefined ? {} : { ownNode }) }
  const job: FileJob = {
    name,
    pipeline: section.parsed('pipeline_stages', parseStages, []),
    relabel: rules,
    discoverers: readDiscovery(section, path, discovery).map((config) => createLogDiscoverer(config, name, context)),
  }
  section.finish(notYet)
  return { job, setsCluster: setsCluster(section, rules) }
}
