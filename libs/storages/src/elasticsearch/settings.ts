import { errorMessage, type FlagValues } from '@clymene/model'
import { createHttpAccess, parseUrl, readAccess, tlsOnPlainAddress, type FlagAddress, type HttpAccess } from '@clymene/runtime'

import { urlMistakes } from '../flag-mistakes.ts'
import type { elasticsearchFlags } from './flags.ts'

export type ElasticsearchFlagValues = FlagValues<typeof elasticsearchFlags>

export type ElasticsearchSettings = {
  readonly mistakes: readonly string[]
  readonly access: HttpAccess
  /** TLS flags that are given and have no effect, because --es.tls.enabled is not. */
  readonly idleFlags: readonly string[]
}

const URLS = 'es.server-urls'

/** What the flags say, files included, with the mistakes of all of them. Does not need the client, which is expensive to load. */
export function readSettings(flags: ElasticsearchFlagValues): ElasticsearchSettings {
  const mistakes: string[] = []
  const nodes = flags[URLS]
  if (nodes.length === 0) mistakes.push(`--${URLS}: expected at least one address`)
  const addresses: FlagAddress[] = []
  for (const node of nodes) {
    try {
      const url = parseUrl(node)
      addresses.push([URLS, url])
      mistakes.push(...urlMistakes(URLS, url))
    } catch (error) {
      mistakes.push(`--${URLS}: ${errorMessage(error)}`)
    }
  }
  const { idle, values } = effective(flags)
  const { options, mistakes: ofAccess } = readAccess('es', values, { addresses })
  mistakes.push(...ofAccess)
  if (flags['es.tls.enabled']) mistakes.push(...tlsOnPlainAddress('es', ['tls.enabled'], addresses))
  if (flags['es.bulk.size'] === 0) mistakes.push('--es.bulk.size: expected at least 1 byte, found 0')
  if (!RETENTION.test(flags['es.retention'])) {
    mistakes.push(`--es.retention=${JSON.stringify(flags['es.retention'])}: expected a number and one of d, h, m, s, such as 30d`)
  }
  return { mistakes, access: createHttpAccess(options), idleFlags: idle }
}

/** As in the original the authority counts also without --es.tls.enabled, the others do not. */
function effective(flags: ElasticsearchFlagValues): { readonly idle: readonly string[]; readonly values: ElasticsearchFlagValues } {
  if (flags['es.tls.enabled']) return { idle: [], values: flags }
  const none = { 'es.tls.cert': '', 'es.tls.key': '', 'es.tls.server-name': '', 'es.tls.skip-host-verify': false } as const
  const names = ['es.tls.cert', 'es.tls.key', 'es.tls.server-name', 'es.tls.skip-host-verify'] as const
  const idle = names.filter((name) => flags[name] !== none[name])
  return { idle, values: { ...flags, ...none } }
}

/** Elasticsearch's time units as far as they make sense for the age of data; '' keeps everything. */
const RETENTION = /^(?:[1-9]\d*[dhms])?$/
