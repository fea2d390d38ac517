import type { Flag, FlagValues } from '@clymene/model'

import { flag } from '../flag.ts'
import { pemFile, type ClientTls } from './client-tls.ts'
import type { HttpAccessOptions } from './http-access.ts'
import { secretFile, secretText } from './secret.ts'

const tlsFlags = {
  'tls.ca': flag.file('', 'PEM file of the authorities to trust, read again when it changes; empty is the built-in list'),
  'tls.cert': flag.file('', 'PEM file of the client certificate, read again when it changes'),
  'tls.key': flag.file('', 'PEM file of the key of the client certificate'),
  'tls.server-name': flag.string('', 'Name that the certificate of the server must have; empty is the host of the address'),
  'tls.skip-host-verify': flag.bool(false, 'Take any certificate: not safe'),
}

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

/** What the flags under `prefix` say; files are looked at once, so that every mistake is told before anything starts. */
export function readAccess(prefix: string, values: Readonly<Record<string, unknown>>): ReadAccess {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of the flags above, under their prefix
  const get = <K extends keyof PlainFlags>(name: K) => values[`${prefix}.${name}`] as FlagValues<PlainFlags>[K]
  const tls: ClientTls = {
    ...(get('tls.ca') === '' ? {} : { ca: pemFile(get('tls.ca')) }),
    ...(get('tls.cert') === '' ? {} : { cert: pemFile(get('tls.cert')) }),
    ...(get('tls.key') === '' ? {} : { key: pemFile(get('tls.key')) }),
    ...(get('tls.server-name') === '' ? {} : { serverName: get('tls.server-name') }),
    ...(get('tls.skip-host-verify') ? { skipVerify: true } : {}),
  }
  const token = get('token-file') === '' ? secretText(get('token')) : secretFile(get('token-file'))
  const password = get('password-file') === '' ? secretText(get('password')) : secretFile(get('password-file'))
  const hasToken = get('token') !== '' || get('token-file') !== ''
  return {
    options: {
      ...(get('username') === '' ? {} : { basic: { username: secretText(get('username')), password } }),
      ...(hasToken ? { authorization: { type: 'Bearer', credentials: token } } : {}),
      ...(Object.keys(tls).length === 0 ? {} : { tls }),
    },
    mistakes: [],
  }
}
