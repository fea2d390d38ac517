import { ConfigError } from '@clymene/model'
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml'

import { sha256, type Grant, type TokenEntry } from './tokens.ts'

export type TokensFile = {
  readonly entries: readonly TokenEntry[]
  /** Some token stands there itself, not its hash. */
  readonly isSecret: boolean
}

const KEYS = ['token', 'sha256', 'name', 'cluster', 'tenant'] as const
type Key = (typeof KEYS)[number]

/** As in a password; shorter ones can be guessed. */
const MIN_LENGTH = 16
const MAX_LENGTH = 4096

/**
 * Reads `tokens: [{token | sha256, name?, cluster?, tenant?}]`. A name is that of the cluster when none is given, else `token-1` and
 * so on. Two tokens of one name are one sender whose token is being changed: they have to allow the same.
 *
 * @throws ConfigError with every mistake and its line; what was found is never quoted, it may be a secret.
 */
export function parseTokensFile(text: string, path: string): TokensFile {
  const lines = new LineCounter()
  const mistakes: string[] = []
  const mistake = (node: unknown, message: string): void => void mistakes.push(`${path}:${lineOf(node, lines)}: ${message}`)
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map(({ code, pos }) => `${path}:${lines.linePos(pos[0]).line}: not YAML (${code})`))
  }
  const { contents } = document
  const list = isMap(contents) ? contents.get('tokens', true) : undefined
  if (!isMap(contents) || !isSeq(list)) throw new ConfigError(`${path}:1: expected tokens: with a list`)
  for (const { key } of contents.items) if (nameOf(key) !== 'tokens') mistake(key, `${nameOf(key)}: unknown key, expected tokens`)
  if (list.items.length === 0) mistake(list, 'tokens: expected at least one, nobody could write')

  const read = list.items.flatMap((item, index) => {
    const where = `tokens[${index}]`
    if (isMap(item)) return [{ node: item, where, ...parseEntry(item, index, (node, message) => mistake(node, `${where}${message}`)) }]
    mistake(item, `${where}: expected a map with token or sha256`)
    return []
  })
  const first = new Map<string, (typeof read)[number]>()
  for (const entry of read) {
    for (const key of [`token ${entry.sha256?.toString('hex') ?? entry.where}`, `name ${entry.grant.name}`]) {
      const other = first.get(key)
      first.set(key, other ?? entry)
      if (other === undefined) continue
      if (key.startsWith('token')) mistake(entry.node, `${entry.where}: the token of ${other.where} again`)
      else if (entry.grant.cluster !== other.grant.cluster || entry.grant.tenant !== other.grant.tenant)
        mistake(entry.node, `${entry.where}: has the name of ${other.where} and another cluster or tenant`)
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return {
    entries: read.flatMap(({ grant, sha256: hash }) => (hash === undefined ? [] : [{ grant, sha256: hash }])),
    isSecret: read.some(({ isPlain }) => isPlain),
  }
}

type Entry = { readonly grant: Grant; readonly sha256: Buffer | undefined; readonly isPlain: boolean }

function parseEntry(map: YAMLMap, index: number, mistake: (node: unknown, message: string) => void): Entry {
  const texts = new Map<Key, string>()
  for (const { key, value } of map.items) {
    const name = KEYS.find((known) => known === nameOf(key))
    if (name === undefined) mistake(key, `.${nameOf(key)}: unknown key, expected one of ${KEYS.join(', ')}`)
    else if (value === null || (isScalar(value) && value.value === null)) continue
    else if (isScalar(value)) texts.set(name, typeof value.value === 'string' ? value.value : (value.source ?? ''))
    else mistake(key, `.${name}: expected text`)
  }
  const [token, hash, cluster, tenant] = [texts.get('token'), texts.get('sha256'), texts.get('cluster'), texts.get('tenant')]
  if ((token === undefined) === (hash === undefined)) mistake(map, ': expected either token or sha256')
  if (token !== undefined && (!/^[\x21-\x7e]*$/.test(token) || token.length < MIN_LENGTH || token.length > MAX_LENGTH))
    mistake(map, `.token: expected ${MIN_LENGTH} to ${MAX_LENGTH} characters of ASCII without blanks`)
  if (hash !== undefined && !/^[0-9a-f]{64}$/i.test(hash)) mistake(map, '.sha256: expected 64 hexadecimal digits')
  for (const [key, value] of texts) {
    if (key !== 'token' && key !== 'sha256' && !/^[^\p{Cc}]{1,128}$/u.test(value)) mistake(map, `.${key}: expected 1 to 128 characters`)
  }
  return {
    grant: { name: texts.get('name') ?? cluster ?? `token-${index + 1}`, cluster, tenant },
    sha256: token === undefined ? (hash === undefined ? undefined : Buffer.from(hash, 'hex')) : sha256(token),
    isPlain: token !== undefined,
  }
}

/** A long key may be a token that lacks its `token:`. */
const nameOf = (key: unknown): string => (isScalar(key) && String(key.value).length < MIN_LENGTH ? String(key.value) : '(key)')

const lineOf = (node: unknown, lines: LineCounter): number => lines.linePos((isNode(node) ? node.range?.[0] : undefined) ?? 0).line

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'range' in value
