import type { ExpositionFormat } from './format.ts'

/** The exposition formats by the names that `scrape_protocols` uses, oldest first. */
export const SCRAPE_PROTOCOLS = ['PrometheusText0.0.4', 'PrometheusText1.0.0', 'OpenMetricsText0.0.1', 'OpenMetricsText1.0.0'] as const
export type ScrapeProtocol = (typeof SCRAPE_PROTOCOLS)[number]

/** What Prometheus asks for without `scrape_protocols`, best first. */
export const DEFAULT_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
]

/** How a page of this protocol is read: the versions differ in what an exporter may write, the readers take both. */
export const formatOf = (protocol: ScrapeProtocol): ExpositionFormat => (protocol.startsWith('OpenMetrics') ? 'openmetrics' : 'text')

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0;escaping=allow-utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
}

/** The Accept header that asks for these, best first, and for anything else last; names as they are, in UTF-8, where the protocol can. */
export function acceptHeader(protocols: readonly ScrapeProtocol[]): string {
  const best = protocols.length + 1
  return [...protocols.map((protocol) => MEDIA_TYPES[protocol]), '*/*'].map((type, index) => `${type};q=0.${best - index}`).join(',')
}

export const EXPOSITION_ACCEPT = acceptHeader(DEFAULT_SCRAPE_PROTOCOLS)
