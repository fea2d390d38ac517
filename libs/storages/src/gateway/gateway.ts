import { ConfigError, errorMessage, type FlagValues, type Storage } from '@clymene/model'
import { parseAddress } from '@clymene/runtime'

import { gatewayFlags } from './flags.ts'
import { openGrpcGateway } from './grpc.ts'
import { openHttpGateway } from './http.ts'
import { grpcCredentials } from './tls.ts'

/** A gateway of ours or of Go Clymene. One request carries one message, so that its number is kept. */
export const gatewayStorage: Storage<typeof gatewayFlags> = {
  name: 'gateway',
  help: 'a Clymene gateway, by gRPC or HTTP',
  kinds: ['metrics', 'logs'],
  flags: gatewayFlags,
  open: async ({ flags, version }) => {
    const userAgent = flags['gateway.http-client.user.agent'] || `Clymene/${version}`
    if (flags['gateway.service-type'] === 'grpc') return openGrpc(flags, userAgent)
    return openHttpGateway({
      metricsUrl: flags['gateway.http-client.url'],
      logsUrl: flags['gateway.http-client.logs.url'],
      logsEncoding: flags['gateway.logs.encoding'],
      timeoutMs: flags['gateway.http-client.timeout'],
      connections: flags['gateway.http-client.max-connections'],
      maxErrorBytes: flags['gateway.http-client.max-err-msg-len'],
      userAgent,
      version,
    })
  },
}

function openGrpc(flags: FlagValues<typeof gatewayFlags>, userAgent: string) {
  const addresses = flags['gateway.grpc-client.host-port']
  checkAddresses(addresses)
  const { credentials, options } = grpcCredentials('gateway.grpc-client', {
    enabled: flags['gateway.grpc-client.tls.enabled'],
    ca: flags['gateway.grpc-client.tls.ca'],
    cert: flags['gateway.grpc-client.tls.cert'],
    key: flags['gateway.grpc-client.tls.key'],
    serverName: flags['gateway.grpc-client.tls.server-name'],
    skipHostVerify: flags['gateway.grpc-client.tls.skip-host-verify'],
  })
  return openGrpcGateway({
    addresses,
    credentials,
    channelOptions: options,
    timeoutMs: flags['gateway.grpc-client.timeout'],
    attempts: flags['gateway.grpc-client.retry.max'],
    logsEncoding: flags['gateway.logs.encoding'],
    userAgent,
  })
}

function checkAddresses(addresses: readonly string[]): void {
  const mistakes = addresses.flatMap((address) => {
    try {
      return parseAddress(address).host === '' ? [`${JSON.stringify(address)} has no host`] : []
    } catch (error) {
      return [`${JSON.stringify(address)}: ${errorMessage(error)}`]
    }
  })
  if (addresses.length === 0) mistakes.push('empty')
  if (mistakes.length > 0)
    throw new ConfigError(mistakes.map((mistake) => `--gateway.grpc-client.host-port: ${mistake}; expected host:port`))
}
