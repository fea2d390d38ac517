import { errorMessage, type Flag, type FlagValues } from '@clymene/model'

import { flag } from '../flag.ts'
import { checkHeaders, headerFile, isPlainHeaderValue } from './header-lines.ts'
import type { HttpAccessOptions } from './http-access.ts'
import { secretFile, secretText, type Secret } from './secret.ts'
import { readTls, tlsFlags, tlsOnPlainAddress, type FlagAddress } from './tls-flags.ts'

const credentialFlags = {
  username: flag.string('', 'User of basic authentication'),
  password: flag.secret('Password of basic authentication'),
  'password-file': flag.file('', 'File with the password of basic authentication, read again when it changes'),
  token: flag.secret('Bearer token'),
  'token-file': flag.file('', 'File with a bearer token, read again when it changes'),
  headers: flag.pairs('', 'Further headers of every request, name=value,…', { secret: true }),
  'headers-file': flag.file('', 'File with further headers, a line each, name: value; read again when it changes'),
}

const plainFlags = { ...credentialFlags, ...tlsFlags }
type PlainFlags = typeof plainFlags
export type AccessFlags<P extends string> = { readonly [K in keyof PlainFlags as `${P}.${K}`]: PlainFlags[K] }

/** The flags of {@link HttpAccessOptions} under the prefix of a storage, such as `loki.client`. */
export const accessFlags = <P extends string>(prefix: P): AccessFlags<P> => {
  const prefixed: [string, Flag<unknown>][] = Object.entries(plainFlags).map(([name, one]) => [`${prefix}.${name}`, one])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript cannot follow fromEntries
  return Object.fromEntries(prefixed) as AccessFlags<P>
}

export type ReadAccess = { readonly options: HttpAccessOptions; readonly mistakes: readonly string[] }

export type AccessUse = {
  /** Where requests go, each with the flag that says so: a user in an address and a TLS flag have to fit it. */
  readonly addresses?: readonly FlagAddress[]
  /** Headers that other flags say, each with the name of that flag: `x-scope-orgid`. */
  readonly taken?: ReadonlyMap<string, string>
}

type Get = <K extends keyof PlainFlags>(name: K) => FlagValues<PlainFlags>[K]

/**
 * What the flags under `prefix` say. Files are looked at once, so that every mistake is told before anything starts; the options
 * read them again for the requests.
 */
export function readAccess(
  prefix: string,
  values: Readonly<Record<string, unknown>>,
  { addresses = [], taken = new Map() }: AccessUse = {},
): ReadAccess {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of the flags above, under their prefix
  const get: Get = (name) => values[`${prefix}.${name}`] as never
  const mistakes: string[] = []
  const tls = readTls(prefix, values)
  const basic = readBasic(prefix, get, mistakes)
  const authorization = readToken(prefix, get, mistakes)
  const tokenFlag = get('token') === '' ? 'token-file' : 'token'
  const speaks = [...(basic === undefined ? [] : ['username']), ...(authorization === undefined ? [] : [tokenFlag])]
  if (speaks.length > 1) mistakes.push(`--${prefix}.${tokenFlag}: expected this or --${prefix}.username, found both`)
  for (const [name, { username, password }] of addresses) {
    if (speaks[0] === undefined || `${username}${password}` === '') continue
    mistakes.push(`--${name}: has a user in it, expected this or --${prefix}.${speaks[0]}, found both`)
  }
  const credentials = speaks[0] ?? addresses.find(([, { username, password }]) => `${username}${password}` !== '')?.[0]
  const allTaken = new Map(taken)
  if (credentials !== undefined) allTaken.set('authorization', `--${speaks[0] === undefined ? credentials : `${prefix}.${credentials}`}`)
  const headers = readHeaders(prefix, get, allTaken, mistakes)
  return {
    options: {
      ...(basic === undefined ? {} : { basic }),
      ...(authorization === undefined ? {} : { authorization }),
      ...headers,
      ...(tls.tls === undefined ? {} : { tls: tls.tls }),
    },
    mistakes: [...mistakes, ...tls.mistakes, ...tlsOnPlainAddress(prefix, tls.given, addresses)],
  }
}

function readBasic(prefix: string, get: Get, mistakes: string[]): HttpAccessOptions['basic'] {
  const username = get('username')
  const password = secretOf(prefix, 'password', get('password'), get('password-file'), mistakes)
  if (username === '' && password === undefined) return undefined
  if (username === '') mistakes.push(`--${prefix}.username: expected the user whose --${prefix}.password is given`)
  // RFC 7617 §2: the first colon ends the user.
  if (username.includes(':')) mistakes.push(`--${prefix}.username: expected a user without a colon`)
  if (password === undefined)
    mistakes.push(`--${prefix}.password: expected this or --${prefix}.password-file, as --${prefix}.username is given`)
  return { username: secretText(username), password: password ?? secretText('') }
}

function readToken(prefix: string, get: Get, mistakes: string[]): HttpAccessOptions['authorization'] {
  const token = readTokenFlags(prefix, get('token'), get('token-file'))
  mistakes.push(...token.mistakes)
  return token.secret === undefined ? undefined : { type: 'Bearer', credentials: token.secret }
}

/** A bearer token that stands under `<prefix>.token` or in the file of `<prefix>.token-file`; undefined when neither is given. */
export function readTokenFlags(
  prefix: string,
  text: string,
  path: string,
): { readonly secret: Secret | undefined; readonly mistakes: readonly string[] } {
  const mistakes: string[] = []
  const secret = secretOf(prefix, 'token', text, path, mistakes, 'expected a token of visible ASCII in one line')
  return { secret, mistakes }
}

/** The secret of a flag or of the file beside it. With `expected` it has to fit into a header, now and later. */
function secretOf(prefix: string, name: string, text: string, path: string, mistakes: string[], expected?: string): Secret | undefined {
  if (text !== '' && path !== '') mistakes.push(`--${prefix}.${name}: expected this or --${prefix}.${name}-file, found both`)
  if (path === '') {
    if (text !== '' && expected !== undefined && !isPlainHeaderValue(text)) mistakes.push(`--${prefix}.${name}: ${expected}`)
    return text === '' ? undefined : secretText(text)
  }
  const read = secretFile(path)
  const secret = (): string => {
    const found = read()
    if (expected !== undefined && !isPlainHeaderValue(found)) throw new Error(`${path}: ${expected}`)
    return found
  }
  lookAt(`${prefix}.${name}-file`, secret, mistakes)
  return secret
}

function readHeaders(
  prefix: string,
  get: Get,
  taken: ReadonlyMap<string, string>,
  mistakes: string[],
): Pick<HttpAccessOptions, 'headers' | 'currentHeaders'> {
  const [pairs, path] = [get('headers'), get('headers-file')]
  if (pairs.length > 0 && path !== '') mistakes.push(`--${prefix}.headers: expected this or --${prefix}.headers-file, found both`)
  const { headers, mistakes: found } = checkHeaders(pairs, taken)
  mistakes.push(...found.map((mistake) => `--${prefix}.headers: ${mistake}`))
  const ofFile = path === '' ? undefined : headerFile(path, taken)
  if (ofFile !== undefined) lookAt(`${prefix}.headers-file`, ofFile, mistakes)
  return {
    ...(headers.size === 0 ? {} : { headers: new Map([...headers].map(([name, value]) => [name, secretText(value)])) }),
    ...(ofFile === undefined ? {} : { currentHeaders: ofFile }),
  }
}

function lookAt(name: string, read: () => unknown, mistakes: string[]): void {
  try {
    read()
  } catch (error) {
    mistakes.push(`--${name}: ${errorMessage(error)}`)
  }
}
