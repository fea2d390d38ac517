import { agentFlags, bufferFlags } from '@clymene/agent'
import { embeddedBusFlags, kafkaConsumerFlags, kafkaProducerFlags } from '@clymene/bus'
import { gatewayAuthFlags, gatewayLimitFlags } from '@clymene/gateway'
import { ledgerTopicFlag } from '@clymene/ingester'
import type { FlagSet } from '@clymene/model'
import { adminTokenFlags, flag, processFlags } from '@clymene/runtime'
import { ledgerFlags } from '@clymene/storages'

/** What every process has, but for the port that it has once. */
export const ownProcessFlags = { ...processFlags, ...adminTokenFlags } satisfies FlagSet

/** Where the ports are: the services' own, on loopback. One flag cannot name three admin ports. */
export const portFlags = {
  'page.http.host-port': flag.address('127.0.0.1:15600', 'Listen address of the page'),
  'gateway.http-server.host-port': flag.address('127.0.0.1:15611', 'Listen address of the HTTP server of the gateway'),
  'gateway.grpc-server.host-port': flag.address('127.0.0.1:15610', 'Listen address of the gRPC server of the gateway'),
  'agent.admin.http.host-ports': flag.address('127.0.0.1:15691', 'Listen address of the admin server of the agent'),
  'gateway.admin.http.host-ports': flag.address('127.0.0.1:15690', 'Listen address of the admin server of the gateway'),
  'ingester.admin.http.host-ports': flag.address('127.0.0.1:15694', 'Listen address of the admin server of the ingester'),
  'http.port': flag.address('127.0.0.1:15692', 'Listen address of the reload API of the agent'),
} satisfies FlagSet

export const portNames = [
  'page.http.host-port',
  'gateway.http-server.host-port',
  'gateway.grpc-server.host-port',
  'agent.admin.http.host-ports',
  'gateway.admin.http.host-ports',
  'ingester.admin.http.host-ports',
  'http.port',
] as const satisfies readonly (keyof typeof portFlags)[]

/** What it collects by itself. */
export const collectFlags = {
  'data.dir': flag.file('./clymene-data', 'Folder of everything that is kept: bus, store, buffer, positions, log'),
  'host.interval': flag.duration('5s', 'How often this machine is read; 0 does not read it'),
  'host.logs': flag.list('/var/log/**/*.log,/var/log/pods/**/*.log', 'Log files of this machine that are read; empty reads none'),
  'config.file': flag.file('', 'Scrape configuration, YAML of Prometheus: scraped beside this machine and the own services'),
  'promtail.config.file': flag.file('', 'Log configuration, YAML of Promtail: read beside --host.logs'),
  'config.watch': agentFlags['config.watch'],
  cluster: flag.string('', 'Value of the label `cluster`; empty is the host name'),
  'agent.id': agentFlags['agent.id'],
  'agent.streams': agentFlags['agent.streams'],
} satisfies FlagSet

/** Sizes that fit a laptop: with the store's they stay below 1 GiB. */
export const sizeFlags = {
  ...embeddedBusFlags,
  'bus.max-bytes': flag.bytes('384MiB', embeddedBusFlags['bus.max-bytes'].help),
  'buffer.max-bytes': flag.bytes('128MiB', bufferFlags['buffer.max-bytes'].help),
  'buffer.max-age': bufferFlags['buffer.max-age'],
  'buffer.full': bufferFlags['buffer.full'],
  'buffer.fsync-interval': bufferFlags['buffer.fsync-interval'],
} satisfies FlagSet

/** Draining has three stages one after the other, and ten seconds for all of them. */
export const limitFlags = {
  ...gatewayAuthFlags,
  ...gatewayLimitFlags,
  'gateway.drain-timeout': flag.duration('2500ms', gatewayLimitFlags['gateway.drain-timeout'].help),
} satisfies FlagSet

export const busFlags = {
  bus: flag.oneOf(['embedded', 'kafka'], 'embedded', 'What lies between gateway and ingester'),
} satisfies FlagSet

export const kafkaFlags = { ...kafkaProducerFlags, ...kafkaConsumerFlags, ...ledgerTopicFlag } satisfies FlagSet

export const allInOneFlags = {
  ...ownProcessFlags,
  ...portFlags,
  ...collectFlags,
  ...busFlags,
  ...sizeFlags,
  ...limitFlags,
  ...ledgerFlags,
} satisfies FlagSet
