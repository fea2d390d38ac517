import { readFileSync } from 'node:fs'

import { errorCode } from '@clymene/model'
import { credentials, type ChannelCredentials, type ClientOptions } from '@grpc/grpc-js'

import { pemMistakes, refuse } from '../flag-mistakes.ts'

export type GrpcTls = {
  readonly enabled: boolean
  /** PEM files; '' is none. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly serverName: string
  readonly skipHostVerify: boolean
}

/**
 * Credentials of a channel from its flags, which begin with `prefix` (`gateway.grpc-client.tls`).
 *
 * @throws ConfigError naming each file that cannot be read or is no PEM, and a certificate without key.
 */
export function grpcCredentials(
  prefix: string,
  tls: GrpcTls,
): { readonly credentials: ChannelCredentials; readonly options: ClientOptions } {
  if (!tls.enabled) return { credentials: credentials.createInsecure(), options: {} }
  const mistakes: string[] = []
  const read = (name: 'ca' | 'cert' | 'key'): Buffer | null => {
    if (tls[name] === '') return null
    try {
      return readFileSync(tls[name])
    } catch (error) {
      mistakes.push(`--${prefix}.${name}=${tls[name]}: cannot be read (${errorCode(error)})`)
      return null
    }
  }
  const [ca, cert, key] = [read('ca'), read('cert'), read('key')]
  if ((tls.cert === '') !== (tls.key === '')) mistakes.push(`--${prefix}.cert and --${prefix}.key: expected both or neither`)
  mistakes.push(...pemMistakes(prefix, { ca: ca ?? undefined, cert: cert ?? undefined, key: key ?? undefined }))
  refuse(mistakes)
  const options: ClientOptions =
    tls.serverName === '' ? {} : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }
  return { credentials: credentials.createSsl(ca, key, cert, { rejectUnauthorized: !tls.skipHostVerify }), options }
}
