import { shown } from '@clymene/model'
import type { ConfigMap } from '@clymene/runtime'

import { intervalAt, portAt, readItem, someTextsAt } from '../config-values.ts'

const RECORD_TYPES = ['SRV', 'A', 'AAAA', 'MX', 'NS'] as const
export type RecordType = (typeof RECORD_TYPES)[number]

export type DnsDiscoveryConfig = {
  readonly names: readonly string[]
  readonly type: RecordType
  /** Of every target but those of SRV records, which say theirs. */
  readonly port: number
  readonly refreshMs: number
}

/**
 * Reads one item of `dns_sd_configs`.
 *
 * @throws ConfigError with every mistake.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dns_sd_config
 */
export function parseDnsConfig(value: unknown, where: string): DnsDiscoveryConfig {
  return readItem(value, where, ['names', 'type', 'port', 'refresh_interval'], (map, fields) => {
    const type = readType(map)
    const port = portAt(map, 'port', 0)
    if (type !== 'SRV' && port === 0 && !isWrongPort(map)) map.mistake('port', `is needed with the type ${type}`)
    return { names: [...new Set(someTextsAt(map, 'names', fields))], type, port, refreshMs: intervalAt(map, 'refresh_interval', '30s') }
  })
}

/** Then it was told already. */
const isWrongPort = (map: ConfigMap): boolean => map.has('port') && map.text('port') !== '0'

function readType(map: ConfigMap): RecordType {
  const text = map.text('type') ?? 'SRV'
  const type = RECORD_TYPES.find((one) => one === text.toUpperCase())
  if (type === undefined) map.mistake('type', `expected one of ${RECORD_TYPES.join(', ')}, found ${shown(text)}`)
  return type ?? 'SRV'
}
