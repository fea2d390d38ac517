import { readFileSync } from 'node:fs'

import { errorCode, errorMessage, type FlagValues } from '@clymene/model'
import { parseUrl, readSecretFile } from '@clymene/runtime'

import { pemMistakes, urlMistakes, type PemFiles } from '../flag-mistakes.ts'
import type { elasticsearchFlags } from './flags.ts'

export type ElasticsearchFlagValues = FlagValues<typeof elasticsearchFlags>

export type ElasticsearchSettings = {
  readonly mistakes: readonly string[]
  /** Content of the token's file. */
  readonly bearer: string | undefined
  readonly files: PemFiles
}

/** Reads what the flags name, and tells the mistakes of all of them. Does not need the client, which is expensive to load. */
export function readSettings(flags: ElasticsearchFlagValues): ElasticsearchSettings {
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
  for (const node of nodes) {
    const url = attempt('es.server-urls', () => parseUrl(node))
    if (url !== undefined) mistakes.push(...urlMistakes('es.server-urls', url))
  }
  const bearer = flags['es.token-file'] === '' ? undefined : attempt('es.token-file', () => readSecretFile(flags['es.token-file']))
  if (bearer === '') mistakes.push(`--es.token-file: ${flags['es.token-file']} is empty`)
  if (bearer !== undefined && flags['es.username'] !== '') mistakes.push('--es.token-file: expected this or --es.username, found both')
  if (flags['es.bulk.size'] === 0) mistakes.push('--es.bulk.size: expected at least 1 byte, found 0')
  if (!RETENTION.test(flags['es.retention'])) {
    mistakes.push(`--es.retention=${JSON.stringify(flags['es.retention'])}: expected a number and one of d, h, m, s, such as 30d`)
  }
  if (flags['es.tls.cert'] !== '' && flags['es.tls.key'] === '') mistakes.push('--es.tls.key: expected a file, as --es.tls.cert is given')
  const file = (name: 'es.tls.ca' | 'es.tls.cert' | 'es.tls.key'): Buffer | undefined =>
    flags[name] === '' ? undefined : attempt(name, () => readFileNamed(flags[name]))
  const files = { ca: file('es.tls.ca'), cert: file('es.tls.cert'), key: file('es.tls.key') }
  mistakes.push(...pemMistakes('es.tls', files))
  return { mistakes, bearer, files }
}

/** Elasticsearch's time units as far as they make sense for the age of data; '' keeps everything. */
const RETENTION = /^(?:[1-9]\d*[dhms])?$/

function readFileNamed(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`cannot read ${path}: ${errorCode(error) || 'unknown error'}`, { cause: error })
  }
}
