import { dirname, resolve } from 'node:path'

import { type ScrapeJob } from '@clymene/sources'
import { DEFAULT_SCRAPE_PROTOCOLS, type ScrapeProtocol } from '@clymene/wire'

import { readNameSchemes, type NameSchemes } from './name-schemes.ts'
import { refuseNativeHistograms } from './native-histograms.ts'
import { readDuration, readLimit, readSize } from './prometheus-values.ts'
import { readScrapeProtocols } from './scrape-protocols.ts'
import type { Section } from './section.ts'

/** What `global` says for every job that says nothing itself. */
export type ScrapeDefaults = {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly protocols: readonly ScrapeProtocol[]
  readonly limits: ScrapeJob['limits']
  readonly keepDroppedTargets: number
  readonly extraScrapeMetrics: boolean
  readonly names: NameSchemes
  /** An absolute path; '' is none. */
  readonly failureLog: string
}

const NO_LIMITS: ScrapeJob['limits'] = { bodySizeBytes: 0, samples: 0, labels: 0, labelNameLength: 0, labelValueLength: 0, targets: 0 }

/**
 * @param path of the file.
 * @param extraScrapeMetrics what the flag says.
 */
export function readDefaults(global: Section | undefined, path: string, extraScrapeMetrics: boolean): ScrapeDefaults {
  if (global === undefined) {
    const times = { intervalMs: 60_000, timeoutMs: 10_000 }
    const names = readNameSchemes(undefined)
    const protocols = DEFAULT_SCRAPE_PROTOCOLS
    return { ...times, protocols, limits: NO_LIMITS, keepDroppedTargets: 0, extraScrapeMetrics, names, failureLog: '' }
  }
  for (const key of ['evaluation_interval', 'rule_query_offset']) readDuration(global, key, 0)
  global.string('query_log_file', '')
  refuseNativeHistograms(global)
  return {
    ...readTimes(global, { intervalMs: 60_000, timeoutMs: 10_000 }),
    protocols: readScrapeProtocols(global) ?? DEFAULT_SCRAPE_PROTOCOLS,
    limits: readLimits(global, NO_LIMITS),
    keepDroppedTargets: global.int('keep_dropped_targets', 0),
    extraScrapeMetrics: global.bool('extra_scrape_metrics', extraScrapeMetrics),
    names: readNameSchemes(global),
    failureLog: readFailureLog(global, path, ''),
  }
}

/** Interval and timeout; a timeout that is not given is at most the interval. */
export function readTimes(
  section: Section,
  defaults: Pick<ScrapeDefaults, 'intervalMs' | 'timeoutMs'>,
): Pick<ScrapeDefaults, 'intervalMs' | 'timeoutMs'> {
  const intervalMs = readDuration(section, 'scrape_interval', defaults.intervalMs)
  const timeoutMs = readDuration(section, 'scrape_timeout', Math.min(defaults.timeoutMs, intervalMs))
  if (timeoutMs > intervalMs) section.mistake('scrape_timeout', `${timeoutMs} ms is longer than scrape_interval, ${intervalMs} ms`)
  return { intervalMs, timeoutMs }
}

export const readLimits = (section: Section, defaults: ScrapeJob['limits']): ScrapeJob['limits'] => ({
  bodySizeBytes: readSize(section, 'body_size_limit', defaults.bodySizeBytes),
  samples: readLimit(section, 'sample_limit', defaults.samples),
  labels: readLimit(section, 'label_limit', defaults.labels),
  labelNameLength: readLimit(section, 'label_name_length_limit', defaults.labelNameLength),
  labelValueLength: readLimit(section, 'label_value_length_limit', defaults.labelValueLength),
  targets: readLimit(section, 'target_limit', defaults.targets),
})

/** `scrape_failure_log_file` as an absolute path. */
export function readFailureLog(section: Section, path: string, fallback: string): string {
  const name = section.string('scrape_failure_log_file', '')
  return name === '' ? fallback : resolve(dirname(path), name)
}
