import { readFileSync } from 'node:fs'

import { ConfigError, errorCode, errorMessage, type FlagValues } from '@clymene/model'
import { parseUrl, readSecretFile } from '@clymene/runtime'
import { Client, type ClientOptions } from '@elastic/elasticsearch'

import type { elasticsearchFlags } from './flags.ts'

export type ElasticsearchFlagValues = FlagValues<typeof elasticsearchFlags>

/** The client: no retries, no sniffing of its own; deciding that is the caller's. @throws ConfigError with every mistake. */
export function openClient(flags: ElasticsearchFlagValues, version: string): Client {
  const mistakes: string[] = []
  const attempt = <T>(name: string, read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      mistakes.push(`--${name}: ${errorMessage(error)}`)
      return undefined
    }
  }
  const nodes = flags['es.server-urls']
  if (nodes.length === 0) mistakes.push('--es.server-urls: expected at least one address')
  for (const node of nodes) attempt('es.server-urls', () => parseUrl(node))
  const token = flags['es.token-file'] === '' ? undefined : attempt('es.token-file', () => readSecretFile(flags['es.token-file']))
  if (token !== undefined && flags['es.username'] !== '') mistakes.push('--es.token-file: expected this or --es.username, found both')
  if (flags['es.tls.cert'] !== '' && flags['es.tls.key'] === '') mistakes.push('--es.tls.key: expected a file, as --es.tls.cert is given')
  const file = (name: 'es.tls.ca' | 'es.tls.cert' | 'es.tls.key'): Buffer | undefined =>
    flags[name] === '' ? undefined : attempt(name, () => readFileNamed(flags[name]))
  const tls = tlsOptions(flags, { ca: file('es.tls.ca'), cert: file('es.tls.cert'), key: file('es.tls.key') })
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return new Client({
    nodes: [...nodes],
    maxRetries: 0,
    // The client has no word for "none"; a day is one.
    requestTimeout: flags['es.timeout'] === 0 ? 86_400_000 : flags['es.timeout'],
    headers: { 'user-agent': `Clymene/${version}` },
    // Says which client library this is in a header of every request; nobody here reads it.
    enableMetaHeader: false,
    ...authentication(flags, token),
    ...(tls === undefined ? {} : { tls }),
  })
}

function authentication(flags: ElasticsearchFlagValues, bearer: string | undefined): Pick<ClientOptions, 'auth'> {
  if (bearer !== undefined) return { auth: { bearer } }
  const username = flags['es.username']
  return username === '' ? {} : { auth: { username, password: flags['es.password'] } }
}

type TlsFiles = { readonly ca: Buffer | undefined; readonly cert: Buffer | undefined; readonly key: Buffer | undefined }

function tlsOptions(flags: ElasticsearchFlagValues, { ca, cert, key }: TlsFiles): ClientOptions['tls'] | undefined {
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

function readFileNamed(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`cannot read ${path}: ${errorCode(error) || 'unknown error'}`, { cause: error })
  }
}
