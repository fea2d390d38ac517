import type { BusRecord, Kind } from '@clymene/model'
import { fromHeaders } from '@clymene/wire'
import type { IHeaders, KafkaMessage } from 'kafkajs'

export type RecordOrigin = { readonly logId: string; readonly topic: string; readonly partition: number; readonly kind: Kind }

/** A message of Kafka as the bus hands it over. A missing key or value (a tombstone) is an empty one. */
export function toRecord({ key, value, headers, offset, timestamp }: KafkaMessage, { kind, ...origin }: RecordOrigin): BusRecord {
  const extra = headers === undefined ? [] : Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name))
  return {
    kind,
    key: key?.toString() ?? '',
    value: value ?? EMPTY,
    headers: headers === undefined ? {} : fromHeaders((name) => headerText(headers[name]), { trustScanned: true }),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra.map(([name, text]) => [name, headerText(text) ?? ''])) }),
    origin: { ...origin, offset: BigInt(offset), timestampMs: Number(timestamp) },
  }
}

const EMPTY = Buffer.alloc(0)

/** The names that become an envelope's headers; all others are its further ones. */
const OWN_HEADERS: ReadonlySet<string> = (() => {
  const names = new Set<string>()
  const ask = (name: string): undefined => void names.add(name)
  fromHeaders(ask, { trustScanned: true })
  return names
})()

/**
 * A header may stand there twice: then the first counts. kafkajs collects them in a plain object, so a header that is named
 * like a method of objects (`toString`) comes as a list of that method and its value.
 */
function headerText(value: IHeaders[string]): string | undefined {
  const first = Array.isArray(value) ? value.find((one) => typeof one !== 'function' && one !== Object.prototype) : value
  return first?.toString()
}
