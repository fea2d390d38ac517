import type { HttpAccessConfig } from '@clymene/runtime'

import { intervalAt, readHttpItem } from '../config-values.ts'
import type { ParseOptions } from '../discoverer-config.ts'

export type HttpDiscoveryConfig = {
  /** As it was written. */
  readonly url: string
  readonly refreshMs: number
  /** For a whole answer. */
  readonly timeoutMs: number
  readonly http: HttpAccessConfig
}

const LONGEST_TIMEOUT_MS = 120_000

/**
 * Reads one item of `http_sd_configs`. Files of secrets are not looked at: they may come later.
 *
 * @throws ConfigError with every mistake.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_sd_config
 */
export function parseHttpConfig(value: unknown, where: string, { directory }: ParseOptions = {}): HttpDiscoveryConfig {
  return readHttpItem(value, where, { keys: ['url', 'refresh_interval'], directory }, (map, http) => {
    const text = map.text('url') ?? ''
    const url = URL.canParse(text) ? new URL(text) : undefined
    // It may hold a password: it is not shown.
    if (url === undefined || !/^https?:$/.test(url.protocol)) map.mistake('url', 'expected a URL such as https://host/targets')
    const refreshMs = intervalAt(map, 'refresh_interval', '1m')
    return { url: text, refreshMs, timeoutMs: Math.min(refreshMs, LONGEST_TIMEOUT_MS), http }
  })
}
