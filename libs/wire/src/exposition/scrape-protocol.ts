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

/** How exporters are asked to write names that are not `[A-Za-z_:][A-Za-z0-9_:]*`, in the words of `metric_name_escaping_scheme`. */
export const NAME_ESCAPINGS = ['allow-utf-8', 'underscores', 'dots', 'values'] as const
export type NameEscaping = (typeof NAME_ESCAPINGS)[number]

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
}

/** The Accept header that asks for these, best first, and for anything else last; how names are to be escaped where the protocol knows of it. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: NameEscaping = 'allow-utf-8'): string {
  // Prometheus counts five protocols, the binary one among them, however many it asks for.
  const best = SCRAPE_PROTOCOLS.length + 2
  const typeOf = (protocol: ScrapeProtocol): string => MEDIA_TYPES[protocol] + (protocol.endsWith('1.0.0') ? `;escaping=${escaping}` : '')
  return [...protocols.map(typeOf), '*/*'].map((type, index) => `${type};q=0.${best - index}`).join(',')
}

export const EXPOSITION_ACCEPT = acceptHeader(DEFAULT_SCRAPE_PROTOCOLS)
