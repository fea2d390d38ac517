import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

export const gatewayFlags = {
  'gateway.service-type': flag.string('grpc', 'How a gateway is reached: grpc; anything else is HTTP'),
  'gateway.logs.encoding': flag.oneOf(
    ['protobuf', 'json'],
    'protobuf',
    'Form of log messages: json is what a gateway of Go Clymene understands',
  ),
  'gateway.grpc-client.host-port': flag.list('localhost:15610', 'Gateways, comma list of host:port; calls go round robin'),
  'gateway.grpc-client.timeout': flag.duration('10s', 'Limit of one call'),
  'gateway.grpc-client.retry.max': flag.int(3, 'Attempts in all, each at the next gateway, before the write counts as failed', { min: 1 }),
  'gateway.grpc-client.discovery.min-peers': flag.int(3, 'Gateways to find', { noEffect: 'the list of gateways is fixed' }),
  'gateway.grpc-client.tls.enabled': flag.bool(false, 'TLS towards the gateway'),
  'gateway.grpc-client.tls.ca': flag.file('', 'PEM file of the authorities to trust; empty is the built-in list'),
  'gateway.grpc-client.tls.cert': flag.file('', 'PEM file of the own certificate'),
  'gateway.grpc-client.tls.key': flag.file('', 'PEM file of the own key'),
  'gateway.grpc-client.tls.server-name': flag.string('', 'Name that the certificate of the gateway must have; empty is its host'),
  'gateway.grpc-client.tls.skip-host-verify': flag.bool(false, 'Take any certificate'),
  'gateway.http-client.url': flag.url('http://localhost:15611/api/metrics', 'Where metrics go by HTTP'),
  'gateway.http-client.logs.url': flag.url('http://localhost:15611/api/logs', 'Where logs go by HTTP'),
  'gateway.http-client.timeout': flag.duration('10s', 'Limit of one request'),
  'gateway.http-client.user.agent': flag.string('', 'User-Agent; empty is Clymene/<version>'),
  'gateway.http-client.max-err-msg-len': flag.int(256, 'Bytes of an error answer that are logged'),
  'gateway.http-client.max-connections': flag.int(16, 'Open connections at most, per kind', { min: 1 }),
} satisfies FlagSet
