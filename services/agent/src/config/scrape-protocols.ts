import { SCRAPE_PROTOCOLS, type ScrapeProtocol } from '@clymene/wire'

import type { Section } from './section.ts'

/** Protocols that Prometheus knows beside those that are read here, and what to do instead. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  [
    'PrometheusProto',
    'is refused: it is for native histograms, which are not scraped; the text protocols carry everything else, leave it out',
  ],
  ['OpenMetricsText2.0.0', 'is refused: it is an experiment; give OpenMetricsText1.0.0'],
])

/** `scrape_protocols`; undefined when it is not given. */
export function readScrapeProtocols(section: Section): readonly ScrapeProtocol[] | undefined {
  const names = section.list('scrape_protocols')
  if (names === undefined) return undefined
  if (names.length === 0) section.mistake('scrape_protocols', 'expected at least one protocol')
  const seen = new Set<string>()
  return names.flatMap((name) => {
    if (seen.has(name.toLowerCase())) section.mistake('scrape_protocols', `${JSON.stringify(name)} stands there twice`)
    seen.add(name.toLowerCase())
    return protocolOf(section, 'scrape_protocols', name) ?? []
  })
}

export function readFallbackProtocol(section: Section): ScrapeProtocol | undefined {
  const name = section.string('fallback_scrape_protocol', '')
  return name === '' ? undefined : protocolOf(section, 'fallback_scrape_protocol', name)
}

function protocolOf(section: Section, key: string, name: string): ScrapeProtocol | undefined {
  const known = SCRAPE_PROTOCOLS.find((one) => one === name)
  const wrong = REFUSED.get(name) ?? `is unknown, expected one of ${SCRAPE_PROTOCOLS.join(', ')}`
  if (known === undefined) section.mistake(key, `${JSON.stringify(name)} ${wrong}`)
  return known
}
