import { formatOf, type ScrapeProtocol } from './scrape-protocol.ts'

/** `text` is the Prometheus text format 0.0.4 and 1.0.0, `openmetrics` the OpenMetrics text format 0.0.1 and 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics'

const FORMATS: ReadonlyMap<string, ExpositionFormat> = new Map([
  ['application/openmetrics-text', 'openmetrics'],
  ['text/plain', 'text'],
])

/**
 * The format of a page by its Content-Type, as Prometheus 3 chooses: the media type decides, its parameters must be well formed.
 *
 * @param fallback what a page is read as that has no, a malformed or an unknown Content-Type (`fallback_scrape_protocol`).
 * @throws Error naming the Content-Type when there is no fallback.
 */
export function chooseFormat(contentType: string | undefined, fallback?: ScrapeProtocol | ExpositionFormat): ExpositionFormat {
  const format = MEDIA_TYPE.test(contentType ?? '') ? FORMATS.get(mediaType(contentType ?? '')) : undefined
  if (format !== undefined) return format
  if (fallback !== undefined) return fallback === 'text' || fallback === 'openmetrics' ? fallback : formatOf(fallback)
  const found = contentType === undefined || contentType === '' ? 'no Content-Type' : `Content-Type ${JSON.stringify(contentType)}`
  throw new Error(`${found}, expected text/plain or application/openmetrics-text (fallback_scrape_protocol decides otherwise)`)
}

const mediaType = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()

/** RFC 9110 §8.3.1: type "/" subtype, then parameters whose values are tokens or quoted strings. */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const MEDIA_TYPE = new RegExp(`^\\s*${TOKEN}/${TOKEN}\\s*(?:;\\s*${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")\\s*)*;?\\s*$`)
