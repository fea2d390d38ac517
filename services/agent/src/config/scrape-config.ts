import { dirname } from 'node:path'

import type { DiscoveryContext } from '@clymene/discovery'
import type { Labels } from '@clymene/model'
import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { createHttpAccess, HTTP_ACCESS_KEYS, parseHttpAccess } from '@clymene/runtime'
import type { ScrapeJob } from '@clymene/sources'
import { DEFAULT_SCRAPE_PROTOCOLS } from '@clymene/wire'

import { readDiscovery, setsCluster } from './discovery.ts'
import { readExternalLabels } from './external-labels.ts'
import { readJobNames } from './job-names.ts'
import { openYaml, type Section } from './section.ts'

export type ScrapeConfig = {
  readonly externalLabels: Labels
  readonly jobs: readonly ScrapeJob[]
  /** What is accepted and does nothing, a line each. */
  readonly warnings: readonly string[]
  /** Jobs whose series may end up without a `cluster`: no rule and no target label sets one. */
  readonly jobsWithoutCluster: readonly string[]
}

/** Sections of Prometheus that an agent has no use for. */
const SERVER_SECTIONS = ['rule_files', 'alerting', 'remote_write', 'remote_read', 'storage', 'tracing', 'otlp', 'runtime']

/** Keys of Prometheus that come later; a clear word is better than a setting that is silently missing. */
const NOT_YET = new Set(
  (
    'scrape_protocols scrape_native_histograms always_scrape_classic_histograms scrape_classic_histograms ' +
    'convert_classic_histograms_to_nhcb native_histogram_bucket_limit native_histogram_min_bucket_factor scrape_failure_log_file ' +
    'metric_name_validation_scheme metric_name_escaping_scheme keep_dropped_targets extra_scrape_metrics scrape_config_files'
  ).split(' '),
)
const notYet = (key: string): string | undefined => (NOT_YET.has(key) ? 'is not supported yet' : undefined)

/**
 * Reads a scrape configuration of Prometheus.
 *
 * @param mistakes gets every mistake with file and line; what is returned is usable only when none was added.
 * @throws ConfigError when the text is no YAML map.
 */
export function readScrapeConfig(
  text: string,
  path: string,
  env: NodeJS.ProcessEnv,
  context: DiscoveryContext,
  mistakes: string[],
): ScrapeConfig {
  const root = openYaml(text, path, mistakes)
  const warnings = SERVER_SECTIONS.filter((key) => root.has(key)).map(
    (key) => `${root.where(key)}: has no effect, an agent stores and evaluates nothing`,
  )
  root.accept(...SERVER_SECTIONS)
  const global = root.section('global')
  const externalLabels = readExternalLabels(global, env)
  const defaults = readDefaults(global)
  const sections = root.sections('scrape_configs')
  const names = readJobNames(sections, path)
  const jobs = sections.map((section, index) => readJob(section, names[index] ?? '', { path, defaults, context }))
  root.finish(notYet)
  return {
    externalLabels,
    jobs: jobs.map(({ job }) => job),
    warnings,
    jobsWithoutCluster: jobs.filter((one) => !one.setsCluster).map(({ job }) => job.name),
  }
}

type Defaults = {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly fingerprint: string
  readonly limits: ScrapeJob['limits']
}

const NO_LIMITS: ScrapeJob['limits'] = { bodySizeBytes: 0, samples: 0, labels: 0, labelNameLength: 0, labelValueLength: 0, targets: 0 }

function readDefaults(global: Section | undefined): Defaults {
  if (global === undefined) return { intervalMs: 60_000, timeoutMs: 10_000, fingerprint: '', limits: NO_LIMITS }
  const intervalMs = positive(global, 'scrape_interval', 60_000)
  const timeoutMs = positive(global, 'scrape_timeout', Math.min(10_000, intervalMs))
  if (timeoutMs > intervalMs) global.mistake('scrape_timeout', `${timeoutMs} ms is longer than scrape_interval, ${intervalMs} ms`)
  global.accept('evaluation_interval', 'rule_query_offset', 'query_log_file')
  const limits = readLimits(global, NO_LIMITS)
  global.finish(notYet)
  return { intervalMs, timeoutMs, limits, fingerprint: global.fingerprint() }
}

type JobContext = { readonly path: string; readonly defaults: Defaults; readonly context: DiscoveryContext }
type ReadJob = { readonly job: ScrapeJob; readonly setsCluster: boolean }

function readJob(section: Section, name: string, { path, defaults, context }: JobContext): ReadJob {
  const intervalMs = positive(section, 'scrape_interval', defaults.intervalMs)
  const timeoutMs = positive(section, 'scrape_timeout', Math.min(defaults.timeoutMs, intervalMs))
  if (timeoutMs > intervalMs) section.mistake('scrape_timeout', `${timeoutMs} ms is longer than scrape_interval, ${intervalMs} ms`)
  const rules = section.parsed('relabel_configs', parseRelabelConfigs, [])
  const metricRules = section.parsed('metric_relabel_configs', parseRelabelConfigs, [])
  const discovery = readDiscovery(section, path)
  const fallback = section.oneOf<(typeof FALLBACKS)[number] | ''>('fallback_scrape_protocol', FALLBACKS, '')
  const job: ScrapeJob = {
    name,
    fingerprint: `${defaults.fingerprint} ${section.fingerprint()}`,
    intervalMs,
    timeoutMs,
    metricsPath: section.string('metrics_path', '/metrics'),
    scheme: section.oneOf('scheme', ['http', 'https'], 'http'),
    params: new Map(section.textLists('params')),
    honorLabels: section.bool('honor_labels', false),
    honorTimestamps: section.bool('honor_timestamps', true),
    trackTimestampsStaleness: section.bool('track_timestamps_staleness', false),
    scrapeProtocols: DEFAULT_SCRAPE_PROTOCOLS,
    ...(fallback === '' ? {} : { fallbackProtocol: fallback }),
    enableCompression: section.bool('enable_compression', true),
    extraScrapeMetrics: false,
    keepDroppedTargets: 0,
    limits: readLimits(section, defaults.limits),
    relabel: compileRelabel(rules),
    metricRelabel: compileRelabel(metricRules),
    relabelRules: rules,
    metricRelabelRules: metricRules,
    http: readHttp(section, path),
    discoverers: discovery.map(({ create }) => create(context)),
  }
  section.finish(notYet)
  return { job, setsCluster: setsCluster(section, rules) }
}

function readHttp(section: Section, path: string): ScrapeJob['http'] {
  const { followRedirects, ...options } = section.together(
    HTTP_ACCESS_KEYS,
    (fields, where) => parseHttpAccess(fields, where, { directory: dirname(path) }),
    { followRedirects: true },
  )
  return { followRedirects, access: createHttpAccess(options) }
}

const FALLBACKS = ['PrometheusText0.0.4', 'PrometheusText1.0.0', 'OpenMetricsText0.0.1', 'OpenMetricsText1.0.0'] as const

const readLimits = (section: Section, defaults: ScrapeJob['limits']): ScrapeJob['limits'] => ({
  bodySizeBytes: section.bytes('body_size_limit', defaults.bodySizeBytes),
  samples: section.int('sample_limit', defaults.samples),
  labels: section.int('label_limit', defaults.labels),
  labelNameLength: section.int('label_name_length_limit', defaults.labelNameLength),
  labelValueLength: section.int('label_value_length_limit', defaults.labelValueLength),
  targets: section.int('target_limit', defaults.targets),
})

function positive(section: Section, key: string, fallback: number): number {
  const value = section.duration(key, fallback)
  if (value > 0) return value
  section.mistake(key, 'expected a duration above 0')
  return fallback
}
