import type { FlagValues } from '@clymene/model'
import {
  createClientCertificate,
  createHttpAccess,
  currentTlsOptions,
  readTls,
  readTokenFlags,
  tlsOnPlainAddress,
  type ClientCertificate,
  type FlagAddress,
  type HttpAccess,
  type Secret,
  type TlsOptions,
} from '@clymene/runtime'

import type { gatewayFlags } from './flags.ts'

type GatewayFlagValues = FlagValues<typeof gatewayFlags>

/** How a gateway by gRPC is told who we are. */
export type GrpcAccess = {
  readonly token: Secret | undefined
  /** Undefined is plain text. @throws Error naming a file that cannot be read */
  readonly tls: (() => TlsOptions) | undefined
  readonly certificate: ClientCertificate | undefined
}

export type Read<T> = { readonly access: T; readonly mistakes: readonly string[]; readonly warnings: readonly string[] }

const GRPC = 'gateway.grpc-client'
const HTTP = 'gateway.http-client'

const CLEAR_TOKEN = 'the token of --gateway.token goes to the gateway in clear text, as there is no TLS'

export function readGrpcAccess(flags: GatewayFlagValues): Read<GrpcAccess> {
  const token = readTokenFlags('gateway', flags['gateway.token'], flags['gateway.token-file'])
  const isSecure = flags[`${GRPC}.tls.enabled`]
  const { tls = {}, given, mistakes } = readTls(GRPC, flags)
  const idle = given.map((name) => `--${GRPC}.${name}: has no effect without --${GRPC}.tls.enabled`)
  return {
    access: {
      token: token.secret,
      tls: isSecure ? currentTlsOptions(tls) : undefined,
      certificate: isSecure ? createClientCertificate(tls) : undefined,
    },
    mistakes: [...token.mistakes, ...(isSecure ? mistakes : idle)],
    warnings: token.secret !== undefined && !isSecure ? [CLEAR_TOKEN] : [],
  }
}

/** For metrics and for logs: their addresses may differ, the credentials do not. */
export function readHttpAccess(flags: GatewayFlagValues): Read<HttpAccess> {
  const addresses = (['gateway.http-client.url', 'gateway.http-client.logs.url'] as const).map((name): FlagAddress => [name, flags[name]])
  const token = readTokenFlags('gateway', flags['gateway.token'], flags['gateway.token-file'])
  const { tls, given, mistakes } = readTls(HTTP, flags)
  const withUser = addresses.filter(([, { username, password }]) => `${username}${password}` !== '')
  const both = token.secret === undefined ? [] : withUser
  return {
    access: createHttpAccess({
      ...(token.secret === undefined ? {} : { authorization: { type: 'Bearer', credentials: token.secret } }),
      ...(tls === undefined ? {} : { tls }),
    }),
    mistakes: [
      ...token.mistakes,
      ...both.map(([name]) => `--${name}: has a user in it, expected this or --gateway.token, found both`),
      ...mistakes,
      ...tlsOnPlainAddress(HTTP, given, addresses),
    ],
    warnings: token.secret !== undefined && addresses.some(([, { protocol }]) => protocol === 'http:') ? [CLEAR_TOKEN] : [],
  }
}
