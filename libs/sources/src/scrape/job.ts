import type { Discoverer } from '@clymene/model'
import type { Relabel, RelabelRule } from '@clymene/relabel'
import type { HttpAccess } from '@clymene/runtime'
import type { NameEscaping, ScrapeProtocol } from '@clymene/wire'

/** One item of `scrape_configs`, checked and compiled. */
export type ScrapeJob = {
  /** `job_name`, unique. */
  readonly name: string
  /** A text that differs when the configuration differs: on a reload a job with the same text goes on untouched. */
  readonly fingerprint: string
  readonly intervalMs: number
  /** At most the interval. */
  readonly timeoutMs: number
  readonly metricsPath: string
  readonly scheme: 'http' | 'https'
  readonly params: ReadonlyMap<string, readonly string[]>
  readonly honorLabels: boolean
  readonly honorTimestamps: boolean
  readonly trackTimestampsStaleness: boolean
  /** What targets are asked for, best first; at least one. */
  readonly scrapeProtocols: readonly ScrapeProtocol[]
  /** `fallback_scrape_protocol`: how a page without a usable Content-Type is read. Absent: such a scrape fails, as in Prometheus 3. */
  readonly fallbackProtocol?: ScrapeProtocol
  /** Which names of metrics and labels are taken: with `legacy` a scrape that has another one fails. Default: `utf8`. */
  readonly nameValidation?: 'utf8' | 'legacy'
  /** How exporters are asked to write other names. Default: `allow-utf-8`, as they are. */
  readonly nameEscaping?: NameEscaping
  /** Whether targets are asked for gzip. */
  readonly enableCompression: boolean
  /** `extra_scrape_metrics`: three more series of each scrape about itself. */
  readonly extraScrapeMetrics: boolean
  /** How many dropped targets are kept to be shown; 0 is all. */
  readonly keepDroppedTargets: number
  readonly limits: ScrapeLimits
  /** `scrape_failure_log_file`: is told every scrape that fails. Never throws. */
  readonly reportFailure?: (failure: ScrapeFailure) => void
  readonly relabel: Relabel
  readonly metricRelabel: Relabel
  /** What the two above were compiled from, to explain what they do. */
  readonly relabelRules: readonly RelabelRule[]
  readonly metricRelabelRules: readonly RelabelRule[]
  readonly http: ScrapeHttp
  readonly discoverers: readonly Discoverer[]
}

export type ScrapeFailure = {
  readonly timestampMs: number
  readonly job: string
  /** Of the target, without what is secret in it. */
  readonly url: string
  readonly error: string
}

/** 0 is no limit, as in Prometheus. Beyond one the whole scrape fails: `up` is 0 and nothing else of it is kept. */
export type ScrapeLimits = {
  /** Of a page, before and after decompression. 0 leaves the ceiling of the source. */
  readonly bodySizeBytes: number
  /** After metric_relabel_configs. */
  readonly samples: number
  readonly labels: number
  /** UTF-8 bytes. */
  readonly labelNameLength: number
  /** UTF-8 bytes. */
  readonly labelValueLength: number
  /** More targets than this: every scrape of the job fails. */
  readonly targets: number
}

export const NO_LIMITS: ScrapeLimits = {
  bodySizeBytes: 0,
  samples: 0,
  labels: 0,
  labelNameLength: 0,
  labelValueLength: 0,
  targets: 0,
}

export type ScrapeHttp = {
  readonly followRedirects: boolean
  /** Credentials and certificates. Connections that need its TLS belong to the job: they are made for its first scrape and go with it. */
  readonly access: HttpAccess
}
