import { NO_ACCESS } from '@clymene/runtime'
import { DEFAULT_SCRAPE_PROTOCOLS } from '@clymene/wire'

import { NO_LIMITS, type ScrapeJob } from './job.ts'

/** Only for tests: a job as a configuration makes it that gives no more than a name, and finds nothing. */
export const testJob = (overrides: Partial<ScrapeJob> = {}): ScrapeJob => ({
  name: 'j',
  fingerprint: '',
  intervalMs: 60_000,
  timeoutMs: 10_000,
  metricsPath: '/metrics',
  scheme: 'http',
  params: new Map(),
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  scrapeProtocols: DEFAULT_SCRAPE_PROTOCOLS,
  enableCompression: true,
  extraScrapeMetrics: false,
  keepDroppedTargets: 0,
  limits: NO_LIMITS,
  relabel: () => true,
  metricRelabel: () => true,
  relabelRules: [],
  metricRelabelRules: [],
  http: { followRedirects: true, access: NO_ACCESS },
  discoverers: [],
  ...overrides,
})
