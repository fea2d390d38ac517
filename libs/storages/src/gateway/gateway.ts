import type { FlagValues, Storage } from '@clymene/model'
import { parseAddress } from '@clymene/runtime'

import { refuse, timeoutMistakes, urlMistakes } from '../flag-mistakes.ts'
import { readGrpcAccess, readHttpAccess } from './access.ts'
import { gatewayFlags } from './flags.ts'
import { openGrpcGateway } from './grpc.ts'
import { openHttpGateway } from './http.ts'

/** A gateway of ours or of Go Clymene. One request carries one message, so that its number is kept. */
export const gatewayStorage: Storage<typeof gatewayFlags> = {
  name: 'gateway',
  help: 'a Clymene gateway, by gRPC or HTTP',
  kinds: ['metrics', 'logs'],
  flags: gatewayFlags,
  mistakesOf,
  open: async ({ flags, logger, version }) => {
    refuse(mistakesOf(flags))
    const isGrpc = flags['gateway.service-type'] === 'grpc'
    for (const warning of (isGrpc ? readGrpcAccess(flags) : readHttpAccess(flags)).warnings) logger.warn(warning)
    const userAgent = flags['gateway.http-client.user.agent'] || `Clymene/${version}`
    if (isGrpc) return openGrpc(flags, userAgent)
    return openHttpGateway({
      metricsUrl: flags['gateway.http-client.url'],
      logsUrl: flags['gateway.http-client.logs.url'],
      logsEncoding: flags['gateway.logs.encoding'],
      timeoutMs: flags['gateway.http-client.timeout'],
      connections: flags['gateway.http-client.max-connections'],
      maxErrorBytes: flags['gateway.http-client.max-err-msg-len'],
      userAgent,
      access: readHttpAccess(flags).access,
      version,
    })
  },
}

function mistakesOf(flags: FlagValues<typeof gatewayFlags>): readonly string[] {
  if (flags['gateway.service-type'] === 'grpc') {
    return [
      ...addressMistakes(flags['gateway.grpc-client.host-port']),
      ...timeoutMistakes('gateway.grpc-client.timeout', flags['gateway.grpc-client.timeout']),
      ...readGrpcAccess(flags).mistakes,
    ]
  }
  return [
    ...urlMistakes('gateway.http-client.url', flags['gateway.http-client.url']),
    ...urlMistakes('gateway.http-client.logs.url', flags['gateway.http-client.logs.url']),
    ...timeoutMistakes('gateway.http-client.timeout', flags['gateway.http-client.timeout']),
    ...readHttpAccess(flags).mistakes,
  ]
}

function addressMistakes(addresses: readonly string[]): readonly string[] {
  const mistakes = addresses.flatMap((address) => {
    const mistake = addressMistake(address)
    return mistake === undefined ? [] : [`${JSON.stringify(address)} ${mistake}`]
  })
  if (addresses.length === 0) mistakes.push('empty')
  return mistakes.map((mistake) => `--gateway.grpc-client.host-port: ${mistake}; expected host:port for each address of the list`)
}

function addressMistake(address: string): string | undefined {
  try {
    return parseAddress(address).host === '' ? 'has no host' : undefined
  } catch {
    return /^(?:[^:]*|\[.*\]):?$/.test(address) ? 'has no port' : 'is not an address'
  }
}

function openGrpc(flags: FlagValues<typeof gatewayFlags>, userAgent: string) {
  return openGrpcGateway({
    addresses: flags['gateway.grpc-client.host-port'],
    access: readGrpcAccess(flags).access,
    timeoutMs: flags['gateway.grpc-client.timeout'],
    attempts: flags['gateway.grpc-client.retry.max'],
    logsEncoding: flags['gateway.logs.encoding'],
    userAgent,
  })
}
