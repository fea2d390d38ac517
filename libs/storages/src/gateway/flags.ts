import type { Flag, FlagSet } from '@clymene/model'
import { flag, tlsFlags } from '@clymene/runtime'

type ClientTlsFlags<P extends string> = { readonly [K in keyof typeof tlsFlags as `${P}.${K}`]: (typeof tlsFlags)[K] }

const clientTlsFlags = <P extends string>(prefix: P): ClientTlsFlags<P> => {
  const prefixed: [string, Flag<unknown>][] = Object.entries(tlsFlags).map(([name, one]) => [`${prefix}.${name}`, one])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript cannot follow fromEntries
  return Object.fromEntries(prefixed) as ClientTlsFlags<P>
}

export const gatewayFlags = {
  'gateway.service-type': flag.string('grpc', 'How a gateway is reached: grpc; anything else is HTTP'),
  'gateway.logs.encoding': flag.oneOf(
    ['protobuf', 'json'],
    'protobuf',
    'Form of log messages: json is what a gateway of Go Clymene understands',
  ),
  'gateway.token': flag.secret('Token that says to the gateway who we are, sent as Authorization: Bearer by gRPC and HTTP'),
  'gateway.token-file': flag.file('', 'File with that token, read again when it changes'),
  'gateway.grpc-client.host-port': flag.list('localhost:15610', 'Gateways, comma list of host:port; calls go round robin'),
  'gateway.grpc-client.timeout': flag.duration('10s', 'Limit of one call'),
  'gateway.grpc-client.retry.max': flag.int(3, 'Attempts in all, each at the next gateway, before the write counts as failed', { min: 1 }),
  'gateway.grpc-client.discovery.min-peers': flag.int(3, 'Gateways to find', { noEffect: 'the list of gateways is fixed' }),
  'gateway.grpc-client.tls.enabled': flag.bool(false, 'TLS towards the gateway'),
  ...clientTlsFlags('gateway.grpc-client'),
  'gateway.http-client.url': flag.url('http://localhost:15611/api/metrics', 'Where metrics go by HTTP'),
  'gateway.http-client.logs.url': flag.url('http://localhost:15611/api/logs', 'Where logs go by HTTP'),
  'gateway.http-client.timeout': flag.duration('10s', 'Limit of one request'),
  'gateway.http-client.user.agent': flag.string('', 'User-Agent; empty is Clymene/<version>'),
  'gateway.http-client.max-err-msg-len': flag.int(256, 'Bytes of an error answer that are logged'),
  'gateway.http-client.max-connections': flag.int(16, 'Open connections at most, per kind', { min: 1 }),
  ...clientTlsFlags('gateway.http-client'),
} satisfies FlagSet
