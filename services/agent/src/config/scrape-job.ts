import { dirname } from 'node:path'

import type { DiscoveryContext } from '@clymene/discovery'
import { ConfigError } from '@clymene/model'
import { compileRelabel, parseRelabelConfigs, type RelabelRule } from '@clymene/relabel'
import { createHttpAccess, HTTP_ACCESS_KEYS, parseHttpAccess } from '@clymene/runtime'
import type { ScrapeJob } from '@clymene/sources'

import { missingFiles } from './credential-files.ts'
import { readDiscovery, refuseDisguisedNumbers, refuseTargetUrls, setsCluster } from './discovery.ts'
import { createFailureLog } from './failure-log.ts'
import { legacyMistakes, readNameSchemes, type NameSchemes } from './name-schemes.ts'
import { readHistogramKeys } from './native-histograms.ts'
import { readLimit } from './prometheus-values.ts'
import { readFailureLog, readLimits, readTimes, type ScrapeDefaults } from './scrape-defaults.ts'
import { readFallbackProtocol, readScrapeProtocols } from './scrape-protocols.ts'
import type { Section } from './section.ts'

export type JobContext = {
  /** Of the file that the job stands in. */
  readonly path: string
  readonly defaults: ScrapeDefaults
  readonly context: DiscoveryContext
}

export type ReadJob = {
  readonly job: ScrapeJob
  /** Every target surely gets a `cluster` of its own. */
  readonly setsCluster: boolean
  /** What is accepted and does nothing, a line each. */
  readonly warnings: readonly string[]
  /** Files of credentials that cannot be read now, a line each. */
  readonly missingFiles: () => readonly string[]
  /** The job in a line. */
  readonly summary: string
  /** Of its discoverers, one for one: `static_configs`, `file_sd_configs`. */
  readonly kinds: readonly string[]
}

/** One item of `scrape_configs`. */
export function readJob(section: Section, name: string, { path, defaults, context }: JobContext): ReadJob {
  const times = readTimes(section, defaults)
  const names = readNameSchemes(section, defaults.names)
  const relabelRules = readRules(section, 'relabel_configs', names)
  const metricRelabelRules = readRules(section, 'metric_relabel_configs', names)
  const discovery = readDiscovery(section, path)
  if (relabelRules.length === 0) refuseTargetUrls(section)
  refuseDisguisedNumbers(section)
  const fallback = readFallbackProtocol(section)
  const failureLog = readFailureLog(section, path, defaults.failureLog)
  const settings = {
    ...times,
    metricsPath: section.string('metrics_path', '/metrics'),
    scheme: section.oneOf('scheme', ['http', 'https'], 'http'),
    honorLabels: section.bool('honor_labels', false),
    honorTimestamps: section.bool('honor_timestamps', true),
    trackTimestampsStaleness: section.bool('track_timestamps_staleness', false),
    scrapeProtocols: readScrapeProtocols(section) ?? defaults.protocols,
    ...(fallback === undefined ? {} : { fallbackProtocol: fallback }),
    enableCompression: section.bool('enable_compression', true),
    extraScrapeMetrics: section.bool('extra_scrape_metrics', defaults.extraScrapeMetrics),
    keepDroppedTargets: readLimit(section, 'keep_dropped_targets', defaults.keepDroppedTargets),
    limits: readLimits(section, defaults.limits),
    nameValidation: names.validation,
    nameEscaping: names.escaping,
  } as const
  const job: ScrapeJob = {
    name,
    // What the job uses of `global` is in its settings: another default that it does not use leaves it alone.
    fingerprint: JSON.stringify([dirname(path), section.fingerprint(), settings, failureLog]),
    ...settings,
    ...(failureLog === '' ? {} : { reportFailure: createFailureLog(failureLog, context.logger) }),
    params: new Map(section.textLists('params')),
    relabel: compileRelabel(relabelRules),
    metricRelabel: compileRelabel(metricRelabelRules),
    relabelRules,
    metricRelabelRules,
    http: readHttp(section, path),
    discoverers: discovery.map(({ create }) => create(context)),
  }
  const warnings = readHistogramKeys(section)
  const kinds = discovery.map(({ kind }) => kind)
  section.finish(reasonOf)
  return {
    job,
    setsCluster: setsCluster(section, relabelRules),
    warnings,
    missingFiles: () => missingFiles(section, path),
    kinds,
    summary: `job ${JSON.stringify(name)}: every ${times.intervalMs / 1000}s, ${kindsOf(kinds)} (${section.where().replace(/: .*$/s, '')})`,
  }
}

function readRules(section: Section, key: string, names: NameSchemes): readonly RelabelRule[] {
  if (names.validation === 'utf8') return section.parsed(key, parseRelabelConfigs, [])
  return section.parsed(
    key,
    (value, where) => {
      const rules = parseRelabelConfigs(value, where)
      const mistakes = legacyMistakes(rules)
      if (mistakes.length > 0) throw new ConfigError(mistakes.map((mistake) => `${where}${mistake}`))
      return rules.map((rule) => ({ ...rule, legacyNames: true }))
    },
    [],
  )
}

function readHttp(section: Section, path: string): ScrapeJob['http'] {
  const { followRedirects, ...options } = section.together(
    HTTP_ACCESS_KEYS,
    (fields, where) => parseHttpAccess(fields, where, { directory: dirname(path) }),
    { followRedirects: true },
  )
  return { followRedirects, access: createHttpAccess(options) }
}

/** `static_configs, kubernetes_sd_configs (2)`. */
function kindsOf(kinds: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => (count === 1 ? kind : `${kind} (${count})`)).join(', ') || 'no discovery'
}

/** Keys of earlier versions of Prometheus, which the current one does not know either. */
const reasonOf = (key: string): string | undefined =>
  key === 'scrape_classic_histograms' ? 'is always_scrape_classic_histograms since Prometheus 3' : undefined
