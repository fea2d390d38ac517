import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'

import { ConfigError, errorCode, type Flag, type FlagValues } from '@clymene/model'
import { flag, readSecretFile } from '@clymene/runtime'
import type { SASLOptions } from 'kafkajs'

const KERBEROS = 'kerberos is not supported'
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

const plainFlags = {
  authentication: flag.oneOf(['none', 'kerberos', 'tls', 'plaintext'], 'none', 'How to authenticate; tls also switches TLS on'),
  'tls.enabled': flag.bool(false, 'Connect by TLS, also together with plaintext'),
  'tls.ca': flag.file('', 'Certificates of the authorities that are trusted, PEM; none: those of the system'),
  'tls.cert': flag.file('', 'Client certificate, PEM'),
  'tls.key': flag.file('', 'Key of the client certificate, PEM'),
  'tls.server-name': flag.string('', 'Name that the certificates of the brokers must have; none: the name that is connected to'),
  'tls.skip-host-verify': flag.bool(false, 'Accept any certificate of a broker'),
  'plaintext.username': flag.string('', 'User for SASL'),
  'plaintext.password': flag.secret('Password for SASL'),
  'plaintext.password-file': flag.file('', 'File with the password for SASL, read at the start'),
  'plaintext.mechanism': flag.string('PLAIN', `SASL mechanism: ${MECHANISMS.join(', ')}`),
  'kerberos.service-name': flag.string('kafka', 'Kerberos service', { noEffect: KERBEROS }),
  'kerberos.realm': flag.string('', 'Kerberos realm', { noEffect: KERBEROS }),
  'kerberos.username': flag.string('', 'Kerberos user', { noEffect: KERBEROS }),
  'kerberos.password': flag.secret('Kerberos password', { noEffect: KERBEROS }),
  'kerberos.use-keytab': flag.bool(false, 'Kerberos keytab instead of a password', { noEffect: KERBEROS }),
  'kerberos.config-file': flag.file('/etc/krb5.conf', 'Kerberos configuration', { noEffect: KERBEROS }),
  'kerberos.keytab-file': flag.file('/etc/security/kafka.keytab', 'Kerberos keytab', { noEffect: KERBEROS }),
}

type PlainFlags = typeof plainFlags
export type AuthFlags<P extends string> = { readonly [K in keyof PlainFlags as `${P}.${K}`]: PlainFlags[K] }

/** The flags of authentication under a prefix (`kafka.producer`, `kafka.consumer`), with the original's names and defaults. */
export const authFlags = <P extends string>(prefix: P): AuthFlags<P> => {
  const prefixed: [string, Flag<unknown>][] = Object.entries(plainFlags).map(([name, one]) => [`${prefix}.${name}`, one])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript cannot follow fromEntries
  return Object.fromEntries(prefixed) as AuthFlags<P>
}

export type KafkaAuth = { readonly tls: (() => ConnectionOptions) | undefined; readonly sasl: SASLOptions | undefined }

/** @throws ConfigError listing every mistake: kerberos, a mechanism that is not known, files that cannot be read, half a pair. */
export function readAuth(prefix: string, values: Readonly<Record<string, unknown>>): KafkaAuth {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of the flags above, under their prefix
  const get = <K extends keyof PlainFlags>(name: K) => values[`${prefix}.${name}`] as FlagValues<PlainFlags>[K]
  const mistakes: string[] = []
  if (get('authentication') === 'kerberos') {
    mistakes.push(`--${prefix}.authentication=kerberos: not supported by this client; use plaintext with SCRAM-SHA-512 or PLAIN, or tls`)
  }
  const tls = get('tls.enabled') || get('authentication') === 'tls' ? readTls(prefix, get, mistakes) : undefined
  const sasl = get('authentication') === 'plaintext' ? readSasl(prefix, get, mistakes) : undefined
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { tls, sasl }
}

type Get = <K extends keyof PlainFlags>(name: K) => FlagValues<PlainFlags>[K]

function readTls(prefix: string, get: Get, mistakes: string[]): () => ConnectionOptions {
  const files = (['ca', 'cert', 'key'] as const).map((option) => [option, get(`tls.${option}`)] as const).filter(([, path]) => path !== '')
  if ((get('tls.cert') === '') !== (get('tls.key') === ''))
    mistakes.push(`--${prefix}.tls.cert and --${prefix}.tls.key: expected both or none`)
  for (const [option, path] of files) {
    try {
      readFileSync(path)
    } catch (error) {
      mistakes.push(`--${prefix}.tls.${option}=${path}: cannot be read: ${errorCode(error)}`)
    }
  }
  const serverName = get('tls.server-name')
  // Read again for each connection: certificates are renewed while the process runs.
  return () => ({
    ...Object.fromEntries(files.map(([option, path]) => [option, readFileSync(path)])),
    ...(serverName === '' ? {} : { servername: serverName }),
    rejectUnauthorized: !get('tls.skip-host-verify'),
  })
}

function readSasl(prefix: string, get: Get, mistakes: string[]): SASLOptions | undefined {
  const username = get('plaintext.username')
  const mechanism = MECHANISMS.find((known) => known === get('plaintext.mechanism').toUpperCase())
  if (mechanism === undefined) {
    mistakes.push(`--${prefix}.plaintext.mechanism=${get('plaintext.mechanism')}: expected one of ${MECHANISMS.join(', ')}`)
  }
  if (username === '') mistakes.push(`--${prefix}.plaintext.username: expected a user, found nothing`)
  const password = readPassword(prefix, get, mistakes)
  return mechanism && SASL[mechanism]({ username, password })
}

type Credentials = { readonly username: string; readonly password: string }

const SASL: Readonly<Record<(typeof MECHANISMS)[number], (credentials: Credentials) => SASLOptions>> = {
  PLAIN: (credentials) => ({ mechanism: 'plain', ...credentials }),
  'SCRAM-SHA-256': (credentials) => ({ mechanism: 'scram-sha-256', ...credentials }),
  'SCRAM-SHA-512': (credentials) => ({ mechanism: 'scram-sha-512', ...credentials }),
}

function readPassword(prefix: string, get: Get, mistakes: string[]): string {
  const path = get('plaintext.password-file')
  if (path === '') return get('plaintext.password')
  try {
    return readSecretFile(path)
  } catch (error) {
    mistakes.push(`--${prefix}.plaintext.password-file: ${error instanceof Error ? error.message : ''}`)
    return ''
  }
}
