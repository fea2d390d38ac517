import { formatOf, type ScrapeProtocol } from './scrape-protocol.ts'

/** `text` is the Prometheus text format 0.0.4 and 1.0.0, `openmetrics` the OpenMetrics text format 0.0.1 and 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics'

/**
 * The format of a page by its Content-Type, as Prometheus 3 chooses: the media type decides, its parameters must be well formed. A
 * version 2.0.0 of OpenMetrics is another format, which is not read.
 *
 * @param fallback what a page is read as that has no, a malformed or an unknown Content-Type (`fallback_scrape_protocol`).
 * @throws Error naming the Content-Type when there is no fallback.
 */
export function chooseFormat(contentType: string | undefined, fallback?: ScrapeProtocol): ExpositionFormat {
  const format = knownFormat(contentType ?? '')
  if (format !== undefined) return format
  if (fallback !== undefined) return formatOf(fallback)
  const found = contentType === undefined || contentType === '' ? 'no Content-Type' : `Content-Type ${JSON.stringify(contentType)}`
  throw new Error(`${found}, expected text/plain or application/openmetrics-text (fallback_scrape_protocol decides otherwise)`)
}

const FORMATS: ReadonlyMap<string, ExpositionFormat> = new Map([
  ['application/openmetrics-text', 'openmetrics'],
  ['text/plain', 'text'],
])

/** RFC 9110 §8.3.1: type "/" subtype, then parameters whose values are tokens or quoted strings. */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const PARAMETER = String.raw`\s*;\s*(${TOKEN})=(${TOKEN}|"(?:[^"\\]|\\.)*")`
const PARAMETERS = new RegExp(PARAMETER, 'g')
const MEDIA_TYPE = new RegExp(`^(${TOKEN}/${TOKEN})((?:${PARAMETER})*)(?:\\s*;)?$`)

function knownFormat(contentType: string): ExpositionFormat | undefined {
  const [, mediaType = '', parameters = ''] = MEDIA_TYPE.exec(contentType.trim()) ?? []
  const format = FORMATS.get(mediaType.toLowerCase())
  const values = new Map<string, string>()
  for (const [, name = '', value = ''] of parameters.matchAll(PARAMETERS)) {
    const known = values.get(name.toLowerCase())
    if (known !== undefined && known !== value) return undefined
    values.set(name.toLowerCase(), value)
  }
  return format === 'openmetrics' && values.get('version')?.replaceAll(/["\\]/g, '') === '2.0.0' ? undefined : format
}
