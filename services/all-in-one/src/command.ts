import { checkBuffer, readConfigFile, readLogConfigs, readScrapeConfigs, type ConfigText } from '@clymene/agent'
import { checkEmbeddedBus, embeddedBusSettings, kafkaConsumerOptions, kafkaProducerOptions } from '@clymene/bus'
import { createDiscoveryContext } from '@clymene/discovery'
import { checkTokensFile } from '@clymene/gateway'
import { collectMistakes, ConfigError, type FlagSet, type FlagValues } from '@clymene/model'
import { createMetrics, silentLogger, type Command } from '@clymene/runtime'
import { checkServiceFlags, ledgerFlags, serviceFlagGroups, type ServiceFlags } from '@clymene/storages'

import { runAllInOne } from './all-in-one.ts'
import { allInOneFlags, busFlags, collectFlags, kafkaFlags, limitFlags, ownProcessFlags, portFlags, sizeFlags } from './flags.ts'
import { checkTopics } from './open-bus.ts'

export type AllInOneConfig = {
  readonly values: FlagValues<typeof allInOneFlags>
  readonly storageValues: FlagValues<FlagSet>
  readonly selection: ServiceFlags<FlagSet>['selection']
  /** Present when the bus is Kafka. */
  readonly kafka: FlagValues<typeof kafkaFlags> | undefined
  readonly warnings: readonly string[]
  /** The configurations of the user; asked again on a reload. */
  readonly scrapeTexts: () => readonly ConfigText[]
  readonly logTexts: () => readonly ConfigText[]
}

/** The three services in one process, over an embedded bus and store, with a page to look at. */
export const allInOneCommand: Command = {
  name: 'all-in-one',
  summary: 'agent, gateway and ingester in one process, with a bus, a store and a page; reads this machine',
  statusAddress: '127.0.0.1:15691',
  groups: serviceFlagGroups(
    [
      { title: 'Process', flags: ownProcessFlags },
      { title: 'Ports', flags: portFlags },
      { title: 'What is collected and where it is kept', flags: collectFlags },
      { title: 'Bus', flags: { ...busFlags, ...sizeFlags } },
      { title: 'Kafka, with --bus=kafka', flags: kafkaFlags },
      { title: 'Gateway', flags: limitFlags },
      { title: 'Ledger', flags: ledgerFlags },
    ],
    'embedded',
  ),
  configure: async (argv, env) => {
    const config = checkServiceFlags(SERVICE_FLAGS, argv, env, (parsed) => configOf(parsed, env))
    return { warnings: config.warnings, run: (stop) => runAllInOne(config, stop) }
  },
}

const SERVICE_FLAGS = { flags: { ...allInOneFlags, ...kafkaFlags }, defaultStorages: 'embedded' }

/** @throws ConfigError with what is wrong beside the values of single flags */
function configOf(parsed: ServiceFlags<(typeof SERVICE_FLAGS)['flags']>, env: NodeJS.ProcessEnv): AllInOneConfig {
  const { values, given, storageValues, selection } = parsed
  const isKafka = values.bus === 'kafka'
  const isKafkaStorage = selection.selected.some(({ name }) => name === 'kafka')
  const unused = isKafka || isKafkaStorage ? [] : Object.keys(kafkaFlags).filter((name) => given.has(name))
  const texts = (flagName: 'config.file' | 'promtail.config.file') => () =>
    values[flagName] === '' ? [] : [readConfigFile(flagName, values[flagName])]
  const scrapeTexts = texts('config.file')
  const logTexts = texts('promtail.config.file')
  const dry = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const mistakes: string[] = isKafka && isKafkaStorage ? [READ_AGAIN] : []
  if (selection.selected.some(({ name }) => name === 'gateway') && leadsBack(values, storageValues)) mistakes.push(LEADS_BACK)
  if (isKafka) {
    collectMistakes(mistakes, () => checkTopics(values))
    collectMistakes(mistakes, () => kafkaConsumerOptions(values))
    collectMistakes(mistakes, () => kafkaProducerOptions(values))
  } else collectMistakes(mistakes, () => checkEmbeddedBus(embeddedBusSettings(values)))
  collectMistakes(mistakes, () => checkBuffer(values))
  collectMistakes(mistakes, () => checkTokensFile(values['auth.tokens-file']))
  const configs = [
    ...(collectMistakes(mistakes, () => readScrapeConfigs(scrapeTexts(), env, dry)) ?? []),
    ...(collectMistakes(mistakes, () => readLogConfigs(logTexts(), dry)) ?? []),
  ]
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const warnings = [
    ...parsed.warnings,
    ...(given.has('embedded.dir') ? ['--embedded.dir has no effect: the all-in-one keeps its store below --data.dir'] : []),
    ...unused.map((name) => `--${name} has no effect: the bus is embedded, --bus=kafka goes through Kafka`),
    ...(isKafka && values['kafka.producer.flatten-for-druid'] ? [NOT_FLAT] : []),
    ...configs.flatMap((config) => config.warnings),
  ]
  return { values, storageValues, selection, kafka: isKafka ? values : undefined, warnings, scrapeTexts, logTexts }
}

const READ_AGAIN = 'STORAGE_TYPE names "kafka": expected another storage with --bus=kafka, which would read again what it writes'

const NOT_FLAT = '--kafka.producer.flatten-for-druid has no effect: the all-in-one reads its topics itself'

const LEADS_BACK =
  'STORAGE_TYPE names "gateway": expected another gateway in --gateway.grpc-client.host-port or --gateway.http-client.url, not the own one, which would send in circles'

/** Whether the storage `gateway` is the gateway of this very process. */
function leadsBack(own: FlagValues<typeof portFlags>, storage: FlagValues<FlagSet>): boolean {
  const isGrpc = storage['gateway.service-type'] === 'grpc'
  const { port } = own[isGrpc ? 'gateway.grpc-server.host-port' : 'gateway.http-server.host-port']
  const addresses: readonly string[] = isGrpc
    ? storage['gateway.grpc-client.host-port']
    : [storage['gateway.http-client.url'].host, storage['gateway.http-client.logs.url'].host]
  return addresses.some((address) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):/.test(address) && address.endsWith(`:${port}`))
}
