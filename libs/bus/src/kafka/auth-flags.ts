import { ConfigError, errorMessage, type Flag, type FlagValues } from '@clymene/model'
import {
  createClientCertificate,
  currentTlsOptions,
  flag,
  readTls,
  secretFile,
  secretText,
  tlsFlags,
  type ClientCertificate,
  type Secret,
  type TlsOptions,
} from '@clymene/runtime'

import type { KafkaSasl } from './sasl.ts'

const KERBEROS = 'kerberos is not supported'
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

const plainFlags = {
  authentication: flag.oneOf(['none', 'kerberos', 'tls', 'plaintext'], 'none', 'How to authenticate; tls also switches TLS on'),
  'tls.enabled': flag.bool(false, 'Connect by TLS, also together with plaintext'),
  ...tlsFlags,
  'plaintext.username': flag.string('', 'User for SASL'),
  'plaintext.password': flag.secret('Password for SASL'),
  'plaintext.password-file': flag.file('', 'File with the password for SASL, read again when it changes'),
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

export type KafkaAuth = {
  /** What a connection that is opened now needs; undefined is plain text. @throws Error naming a file that cannot be used. */
  readonly tls: (() => TlsOptions) | undefined
  /** What is shown to the brokers, who may hang up without a reason. */
  readonly certificate: ClientCertificate | undefined
  readonly sasl: KafkaSasl | undefined
}

/**
 * Passwords and certificates are read again for each connection, so that what is mended in place counts.
 *
 * @throws ConfigError listing every mistake: kerberos, a mechanism that is not known, files that cannot be used, half a pair.
 */
export function readAuth(prefix: string, values: Readonly<Record<string, unknown>>): KafkaAuth {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of the flags above, under their prefix
  const get = <K extends keyof PlainFlags>(name: K) => values[`${prefix}.${name}`] as FlagValues<PlainFlags>[K]
  const mistakes: string[] = []
  if (get('authentication') === 'kerberos') {
    mistakes.push(`--${prefix}.authentication=kerberos: not supported by this client; use plaintext with SCRAM-SHA-512 or PLAIN, or tls`)
  }
  const isSecure = get('tls.enabled') || get('authentication') === 'tls'
  const { tls = {}, mistakes: tlsMistakes } = readTls(prefix, values)
  if (isSecure) mistakes.push(...tlsMistakes)
  const sasl = get('authentication') === 'plaintext' ? readSasl(prefix, get, mistakes) : undefined
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return {
    tls: isSecure ? currentTlsOptions(tls) : undefined,
    certificate: isSecure ? createClientCertificate(tls) : undefined,
    sasl,
  }
}

type Get = <K extends keyof PlainFlags>(name: K) => FlagValues<PlainFlags>[K]

function readSasl(prefix: string, get: Get, mistakes: string[]): KafkaSasl | undefined {
  const username = get('plaintext.username')
  const mechanism = MECHANISMS.find((known) => known === get('plaintext.mechanism').toUpperCase())
  if (mechanism === undefined) {
    mistakes.push(`--${prefix}.plaintext.mechanism=${get('plaintext.mechanism')}: expected one of ${MECHANISMS.join(', ')}`)
  }
  if (username === '') mistakes.push(`--${prefix}.plaintext.username: expected a user, found nothing`)
  const password = readPassword(prefix, get, mistakes)
  return mechanism && { mechanism: KAFKAJS_NAMES[mechanism], username, password }
}

const KAFKAJS_NAMES = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const

function readPassword(prefix: string, get: Get, mistakes: string[]): Secret {
  const path = get('plaintext.password-file')
  const text = get('plaintext.password')
  if (path === '') return secretText(text)
  if (text !== '') mistakes.push(`--${prefix}.plaintext.password: expected this or --${prefix}.plaintext.password-file, found both`)
  const password = secretFile(path)
  try {
    password()
  } catch (error) {
    mistakes.push(`--${prefix}.plaintext.password-file: ${errorMessage(error)}`)
  }
  return password
}
