import { Client, type ClientOptions } from '@elastic/elasticsearch'

import { refuse, type PemFiles } from '../flag-mistakes.ts'
import { readSettings, type ElasticsearchFlagValues } from './settings.ts'

/** The client: no retries, no sniffing of its own; deciding that is the caller's. @throws ConfigError with every mistake. */
export function openClient(flags: ElasticsearchFlagValues, version: string): Client {
  const { mistakes, bearer, files } = readSettings(flags)
  refuse(mistakes)
  const tls = tlsOptions(flags, files)
  return new Client({
    nodes: [...flags['es.server-urls']],
    maxRetries: 0,
    // The client has no word for "none"; a day is one.
    requestTimeout: flags['es.timeout'] === 0 ? 86_400_000 : flags['es.timeout'],
    headers: { 'user-agent': `Clymene/${version}` },
    // Says which client library this is in a header of every request; nobody here reads it.
    enableMetaHeader: false,
    ...authentication(flags, bearer),
    ...(tls === undefined ? {} : { tls }),
  })
}

function authentication(flags: ElasticsearchFlagValues, bearer: string | undefined): Pick<ClientOptions, 'auth'> {
  if (bearer !== undefined) return { auth: { bearer } }
  const username = flags['es.username']
  return username === '' ? {} : { auth: { username, password: flags['es.password'] } }
}

function tlsOptions(flags: ElasticsearchFlagValues, { ca, cert, key }: PemFiles): ClientOptions['tls'] | undefined {
  // As in the original, the authority counts also without --es.tls.enabled.
  if (!flags['es.tls.enabled']) return ca === undefined ? undefined : { ca }
  const servername = flags['es.tls.server-name']
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === '' ? {} : { servername }),
    rejectUnauthorized: !flags['es.tls.skip-host-verify'],
  }
}
