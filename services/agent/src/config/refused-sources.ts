import type { Section } from './section.ts'

const TO_GATEWAY = 'what asks for these lines can push them to a gateway, POST /loki/api/v1/push'

/** Sources of Promtail that are not here, and what to do in their place. */
const SOURCES: ReadonlyMap<string, string> = new Map([
  ['syslog', 'is not supported: let the syslog server write files and name them by __path__, or push to a gateway, POST /loki/api/v1/push'],
  ['gelf', `is not supported: ${TO_GATEWAY}`],
  ['loki_push_api', 'is not supported: a gateway takes POST /loki/api/v1/push, and its lines go the same way as those of agents'],
  ['windows_events', 'is not supported: this agent reads files, and those of Windows are none'],
  ['kafka', `is not supported: ${TO_GATEWAY}`],
  ['gcplog', `is not supported: ${TO_GATEWAY}`],
  ['cloudflare', `is not supported: ${TO_GATEWAY}`],
  ['azure_event_hubs', `is not supported: ${TO_GATEWAY}`],
  ['azure_event_hub', `is not supported: ${TO_GATEWAY}`],
  ['heroku_drain', `is not supported: ${TO_GATEWAY}`],
  ['docker', 'is not supported: docker_sd_configs finds containers'],
])

/** Why a key of a job is not read, and what to do about it; undefined when it is no key of Promtail that is left out. */
export const whyNotRead = (key: string): string | undefined => SOURCES.get(key)

/** Refuses forms of files that are not read. */
export function refuseFileForms(section: Section): void {
  const encoding = section.string('encoding', '')
  if (!/^(utf-?8)?$/i.test(encoding))
    section.mistake('encoding', `found ${JSON.stringify(encoding)}, expected utf-8: files of other encodings are not read`)
  const decompression = section.section('decompression')
  const isEnabled = decompression?.bool('enabled', false) ?? false
  const format = decompression?.string('format', '') ?? ''
  // A file that is not whole yet is read when it is.
  decompression?.duration('initial_delay', 0)
  decompression?.finish()
  if (isEnabled && format !== 'gz')
    decompression?.mistake(
      'format',
      `found ${JSON.stringify(format)}, expected gz: files named *.gz are unpacked, other archives are not read`,
    )
}
