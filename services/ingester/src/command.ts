import {
  createKafkaBus,
  kafkaConsumerFlags,
  kafkaConsumerOptions,
  kafkaProducerFlags,
  kafkaProducerOptions,
  type KafkaBus,
} from '@clymene/bus'
import { collectMistakes, ConfigError, KINDS, type FlagSet, type FlagValues, type Kind } from '@clymene/model'
import { parseFlags, type Command, type Host } from '@clymene/runtime'
import { createStorageCommand, deadLetterTopic, openStorages, type CommandName, type ServiceFlags } from '@clymene/storages'

import { bodyLimits } from './body-limits.ts'
import { openBooks } from './books.ts'
import { bodyFlags, formerIngesterFlags, groupFlags, ingesterFlags, ingesterLedgerFlags } from './flags.ts'
import { storageOfGroup } from './groups.ts'
import { createIngester } from './ingester.ts'

/** The ingester as a process. `promtail-ingester` is the same, limited to logs. */
export const ingesterCommand: Command = commandOf({
  name: 'ingester',
  summary: 'reads Kafka and writes to the storages, each at its own pace',
})

export const promtailIngesterCommand: Command = commandOf({
  name: 'promtail-ingester',
  summary: 'the ingester, limited to logs',
  onlyKinds: ['logs'],
})

function commandOf(name: CommandName): Command {
  return createStorageCommand(name, {
    adminAddress: ':15694',
    defaultStorages: '',
    flags: ingesterFlags,
    groups: [
      { title: 'Kafka, as a consumer', flags: { ...kafkaConsumerFlags, ...groupFlags } },
      { title: 'Bodies', flags: bodyFlags },
      { title: 'Ledger', flags: ingesterLedgerFlags },
      { title: 'Of the original', flags: formerIngesterFlags },
    ],
    prepare: (parsed) => {
      const kafka = kafkaOptions(parsed)
      return { warnings: unusedTopics(parsed), run: (host, stop) => runIngester(parsed, kafka, host, stop) }
    },
  })
}

/**
 * The consumer, and for dead letters a producer to the same brokers with the same credentials.
 *
 * @throws ConfigError with every mistake, also of the topics
 */
function kafkaOptions({ values, storageValues, selection }: ServiceFlags<typeof ingesterFlags>) {
  const topics = topicsOf(values, selection.byKind.keys())
  const mistakes = [
    ...topicMistakes(topics),
    ...ledgerMistakes(values, topics),
    // Which topics they are is not known when the storages are not.
    ...(selection.selected.length === 0 ? [] : groupMistakes(values, topics)),
    ...loopMistakes(values, storageValues, selection, topics),
  ]
  const consumer = collectMistakes(mistakes, () => kafkaConsumerOptions(values))
  if (consumer === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  const defaults = kafkaProducerOptions(parseFlags(kafkaProducerFlags, [], {}).values)
  return {
    consumer: { ...consumer, storageOf: storagesOf(values, topics, selection) },
    // It writes dead letters only: the topics of the flags are the gateway's to look at.
    producer: { ...defaults, connection: consumer.connection, topics: [] },
  }
}

function storagesOf(
  values: FlagValues<typeof ingesterFlags>,
  topics: ReadonlyMap<Kind, string>,
  { byKind }: ServiceFlags<typeof ingesterFlags>['selection'],
): (group: string) => string {
  if (values['kafka.consumer.group-per-storage']) return storageOfGroup(values['kafka.consumer.group-id'], topics.values())
  const names = new Set([...topics.keys()].flatMap((kind) => byKind.get(kind)?.map(({ name }) => name) ?? []))
  return () => [...names].join(',')
}

type KafkaOptions = ReturnType<typeof kafkaOptions>

const TOPIC_FLAGS = { metrics: 'kafka.consumer.topic', logs: 'kafka.consumer.promtail.topic' } as const

/** The topic of each kind, by its flag. */
export const topicsOf = (values: FlagValues<typeof kafkaConsumerFlags>, kinds: Iterable<Kind>): ReadonlyMap<Kind, string> =>
  new Map(Array.from(kinds, (kind) => [kind, values[TOPIC_FLAGS[kind]]]))

/** What a message is follows from its topic, so each kind has its own. */
function topicMistakes(topics: ReadonlyMap<Kind, string>): string[] {
  const mistakes = [...topics].flatMap(([kind, topic]) => (topic === '' ? [`--${TOPIC_FLAGS[kind]}: expected a name`] : []))
  const [metrics, logs] = [topics.get('metrics'), topics.get('logs')]
  if (metrics === undefined || logs === undefined || mistakes.length > 0) return mistakes
  if (metrics === logs || metrics === deadLetterTopic(logs) || logs === deadLetterTopic(metrics))
    mistakes.push(
      `--${TOPIC_FLAGS.metrics}=${metrics} and --${TOPIC_FLAGS.logs}=${logs}: expected two topics, neither of them the dead letters of the other`,
    )
  return mistakes
}

/** Books between the messages would be read as messages. */
function ledgerMistakes(values: FlagValues<typeof ingesterFlags>, topics: ReadonlyMap<Kind, string>): readonly string[] {
  const topic = values['kafka.ledger.topic']
  return [...topics.values()].some((one) => topic !== '' && (topic === one || topic === deadLetterTopic(one)))
    ? [`--kafka.ledger.topic=${topic}: expected a topic of its own, as messages are read from this one or their dead letters written to it`]
    : []
}

/** Members of a group that read different topics would leave partitions unread. */
const groupMistakes = (values: FlagValues<typeof ingesterFlags>, topics: ReadonlyMap<Kind, string>): readonly string[] =>
  values['kafka.consumer.group-per-storage'] || topics.size < 2
    ? []
    : ['--kafka.consumer.group-per-storage=false: one group reads one topic, expected --signals=metrics or --signals=logs, found both']

const WRITTEN_TOPIC_FLAGS = { metrics: 'kafka.producer.topic', logs: 'kafka.producer.promtail.topic' } as const

/** Kafka as a storage must not be fed what it is itself read from: every message would come again for ever. One broker in common is the same Kafka. */
function loopMistakes(
  values: FlagValues<typeof kafkaConsumerFlags>,
  storageValues: FlagValues<FlagSet>,
  { byKind }: ServiceFlags<typeof ingesterFlags>['selection'],
  topics: ReadonlyMap<Kind, string>,
): readonly string[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flags of the storage are there when it is selected
  const written = storageValues as FlagValues<typeof kafkaProducerFlags>
  const kinds = KINDS.filter((kind) => byKind.get(kind)?.some(({ name }) => name === 'kafka'))
  const read = new Set([...topics.values()].flatMap((topic) => [topic, deadLetterTopic(topic)]))
  const isSameKafka =
    kinds.length > 0 && written['kafka.producer.brokers'].some((broker) => values['kafka.consumer.brokers'].includes(broker))
  return kinds.flatMap((kind) => {
    const topic = written[WRITTEN_TOPIC_FLAGS[kind]]
    return isSameKafka && read.has(topic)
      ? [`--${WRITTEN_TOPIC_FLAGS[kind]}=${topic}: expected a topic of other brokers, or another one, as this one is read here`]
      : []
  })
}

const unusedTopics = ({ given, selection }: ServiceFlags<typeof ingesterFlags>): readonly string[] =>
  KINDS.filter((kind) => !selection.byKind.has(kind) && given.has(TOPIC_FLAGS[kind])).map(
    (kind) => `--${TOPIC_FLAGS[kind]} has no effect: ${kind} are not served`,
  )

/** Kafka keeps no kind: what is on a topic, or on its dead-letter topic, follows from its name. */
export const kindOfTopic =
  (logsTopic: string) =>
  (topic: string): Kind =>
    topic === logsTopic || topic === deadLetterTopic(logsTopic) ? 'logs' : 'metrics'

async function runIngester(
  { values, storageValues, selection }: ServiceFlags<typeof ingesterFlags>,
  kafka: KafkaOptions,
  host: Host,
  stop: AbortSignal,
): Promise<void> {
  const { logger, metrics, readiness, version } = host
  const storages = await openStorages({ selection, values: storageValues, logger, version: version.version, metrics })
  const bus: KafkaBus = createKafkaBus({ ...kafka, kindOf: kindOfTopic(values['kafka.consumer.promtail.topic']), metrics, logger })
  readiness.watch('bus', bus.unavailable)
  const books = openBooks(values, bus, kafka.consumer.connection, host)
  const watching = new AbortController()
  const watched = storages.watch(readiness, watching.signal)
  stop.addEventListener('abort', readiness.stopping, { once: true })
  try {
    const ingester = createIngester({
      bus,
      topics: topicsOf(values, storages.sinks.keys()),
      groupId: values['kafka.consumer.group-id'],
      sinks: storages.sinks,
      isGroupPerStorage: values['kafka.consumer.group-per-storage'],
      seedGroup: bus.seedGroupOffsets,
      expectOwnMembers: bus.expectOwnMembers,
      metrics,
      logger,
      readiness,
      ledger: books?.ledger,
      limits: bodyLimits(values),
    })
    readiness.set('start', undefined)
    logger.info('ingester reads', { routes: ingester.routes.map(({ topic, storage, group }) => ({ topic, storage, group })) })
    await ingester.run(stop)
  } finally {
    watching.abort()
    await watched
    await books?.close()
    await bus.close()
    await storages.close()
  }
}
