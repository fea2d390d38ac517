import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'

/** What a broker asks of its clients on its listeners beside the plain one. PEM. */
export type KafkaSecurity = {
  /** Who may come by SASL, with every mechanism. */
  readonly user: string
  readonly password: string
  readonly certificate: { readonly cert: string; readonly key: string }
  /** Who issues the certificates of clients. */
  readonly clientAuthority: string
}

/** `127.0.0.1:port` of each. */
export type SecureListeners = {
  /** PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512, without TLS. */
  readonly sasl: string
  /** The same by TLS. */
  readonly saslTls: string
  readonly tls: string
  /** TLS with a client certificate. */
  readonly mutualTls: string
}

/** Listeners as server.properties names them, in front of those that every broker has. */
export type ListenerSettings = {
  readonly listeners: readonly string[]
  readonly protocols: readonly string[]
  readonly settings: Readonly<Record<string, string>>
  readonly addresses: SecureListeners
  /** Arguments of the tool that formats the storage: SCRAM's credentials stand in there. */
  readonly formatting: readonly string[]
}

const MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-512']
const LOGIN = 'org.apache.kafka.common.security'

export async function secureListeners(
  { user, password, certificate, clientAuthority }: KafkaSecurity,
  directory: string,
): Promise<ListenerSettings> {
  const keystore = join(directory, 'broker.pem')
  const truststore = join(directory, 'clients.pem')
  writeFileSync(keystore, `${certificate.key}${certificate.cert}`)
  writeFileSync(truststore, clientAuthority)
  const [sasl, saslTls, tls, mutualTls] = [await address(), await address(), await address(), await address()]
  const logins = ['sasl', 'sasltls'].flatMap((name) => [
    [`listener.name.${name}.plain.sasl.jaas.config`, `${LOGIN}.plain.PlainLoginModule required user_${user}="${password}";`],
    ...MECHANISMS.map((mechanism) => [
      `listener.name.${name}.${mechanism.toLowerCase()}.sasl.jaas.config`,
      `${LOGIN}.scram.ScramLoginModule required;`,
    ]),
  ])
  return {
    listeners: [`SASL://${sasl}`, `SASLTLS://${saslTls}`, `TLS://${tls}`, `MTLS://${mutualTls}`],
    protocols: ['SASL:SASL_PLAINTEXT', 'SASLTLS:SASL_SSL', 'TLS:SSL', 'MTLS:SSL'],
    settings: {
      'sasl.enabled.mechanisms': ['PLAIN', ...MECHANISMS].join(','),
      ...Object.fromEntries(logins),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': keystore,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': truststore,
      'listener.name.mtls.ssl.client.auth': 'required',
    },
    addresses: { sasl, saslTls, tls, mutualTls },
    formatting: MECHANISMS.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${user},password=${password}]`]),
  }
}

const address = async (): Promise<string> => `127.0.0.1:${await freePort()}`
