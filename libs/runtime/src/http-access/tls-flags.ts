import { errorMessage, type FlagValues } from '@clymene/model'

import { flag } from '../flag.ts'
import { pemFile, type ClientTls, type Pem } from './client-tls.ts'
import { pemMistakes } from './pem-mistakes.ts'

/** Without the prefix of who uses them. */
export const tlsFlags = {
  'tls.ca': flag.file('', 'PEM file of the authorities to trust, read again when it changes; empty is the built-in list'),
  'tls.cert': flag.file('', 'PEM file of the client certificate, read again when it changes'),
  'tls.key': flag.file('', 'PEM file of the key of the client certificate, read again when it changes'),
  'tls.server-name': flag.string('', 'Name that the certificate of the server must have; empty is the host of the address'),
  'tls.skip-host-verify': flag.bool(false, 'Take any certificate: not safe'),
}

type TlsFlagValues = FlagValues<typeof tlsFlags>

/** An address and the name of the flag that holds it. */
export type FlagAddress = readonly [name: string, url: URL]

export type ReadTls = {
  /** Undefined when no flag is given: what Node trusts by itself. */
  readonly tls: ClientTls | undefined
  /** The flags that are given, without prefix. */
  readonly given: readonly string[]
  readonly mistakes: readonly string[]
}

/** What the TLS flags under `prefix` say. Files are looked at once for mistakes; the result reads them again for every connection. */
export function readTls(prefix: string, values: Readonly<Record<string, unknown>>): ReadTls {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of the flags above, under their prefix
  const get = <K extends keyof TlsFlagValues>(name: K) => values[`${prefix}.${name}`] as TlsFlagValues[K]
  const mistakes: string[] = []
  const pem = (name: 'tls.ca' | 'tls.cert' | 'tls.key'): Pem | undefined => (get(name) === '' ? undefined : pemFile(get(name)))
  const content = (name: string, file: Pem | undefined): Buffer | undefined => {
    try {
      return file?.read()
    } catch (error) {
      mistakes.push(`--${prefix}.${name}: ${errorMessage(error)}`)
      return undefined
    }
  }
  const [ca, cert, key] = [pem('tls.ca'), pem('tls.cert'), pem('tls.key')]
  const contents = { ca: content('tls.ca', ca), cert: content('tls.cert', cert), key: content('tls.key', key) }
  if (cert !== undefined && key === undefined) mistakes.push(`--${prefix}.tls.key: expected a file, as --${prefix}.tls.cert is given`)
  if (cert === undefined && key !== undefined) mistakes.push(`--${prefix}.tls.cert: expected a file, as --${prefix}.tls.key is given`)
  mistakes.push(...pemMistakes(`${prefix}.tls`, contents))
  const given = (['tls.ca', 'tls.cert', 'tls.key', 'tls.server-name', 'tls.skip-host-verify'] as const).filter(
    (name) => get(name) !== '' && get(name) !== false,
  )
  const serverName = get('tls.server-name')
  const tls: ClientTls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === '' ? {} : { serverName }),
    ...(get('tls.skip-host-verify') ? { skipVerify: true } : {}),
  }
  return { tls: given.length === 0 ? undefined : tls, given, mistakes }
}

/** TLS flags have no effect when no address is https://; whoever gives them believes that one is. */
export function tlsOnPlainAddress(prefix: string, given: readonly string[], addresses: readonly FlagAddress[]): readonly string[] {
  if (addresses.length === 0 || addresses.some(([, { protocol }]) => protocol === 'https:')) return []
  const names = [...new Set(addresses.map(([name]) => `--${name}`))].join(' and ')
  return given.map((name) => `--${prefix}.${name}: has no effect without TLS, expected an https:// address of ${names}`)
}
