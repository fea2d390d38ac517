import { kafkaConsumerFlags, LEDGER_TOPIC, topicFlag } from '@clymene/bus'
import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'
import { ledgerFlags } from '@clymene/storages'

const WORKERS = 'one body per partition and storage is on its way, so that order holds; more partitions give more at a time'
const NO_PANIC = 'a member that makes no progress although there is lag ends by itself; an idle topic is no reason to end'

/** Flags of the original's ingesters that change nothing here. */
export const formerIngesterFlags = {
  'clymene-ingester.parallelism': flag.int(1000, 'Messages at a time', { noEffect: WORKERS }),
  'clymene-ingester.deadlockInterval': flag.duration('0', 'Deadlock detector', { noEffect: NO_PANIC }),
  'promtail-ingester.parallelism': flag.int(1000, 'Messages at a time', { noEffect: WORKERS }),
  'promtail-ingester.deadlockInterval': flag.duration('0', 'Deadlock detector', { noEffect: NO_PANIC }),
} satisfies FlagSet

export const groupFlags = {
  'kafka.consumer.group-per-storage': flag.bool(
    true,
    'A consumer group for each storage and topic; false: the group of --kafka.consumer.group-id for all, in which the slowest storage holds up the others, for one kind a process',
  ),
} satisfies FlagSet

/** Where books are kept when the bus is Kafka. */
export const ledgerTopicFlag = {
  'kafka.ledger.topic': topicFlag(
    LEDGER_TOPIC,
    'Compacted topic of the books: what came of each message in each storage; it is made when it is missing. Empty: no books',
  ),
} satisfies FlagSet

export const ingesterLedgerFlags = { ...ledgerTopicFlag, ...ledgerFlags } satisfies FlagSet

/** Of one write to a storage. */
export const bodyFlags = {
  'ingester.body-max-bytes': flag.bytes(
    '0',
    'Compressed bytes that one write to a storage joins at most; 0: 4MiB for metrics, 3MiB for logs',
  ),
  'ingester.body-max-uncompressed-bytes': flag.bytes(
    '0',
    'The same after decompression, which is what the storage has to hold; 0: 24MiB for metrics, 3MiB for logs (Loki answers 500 beyond 4MiB)',
  ),
  'ingester.body-max-records': flag.int(0, 'Samples or lines that one write to a storage joins at most; 0: 50000'),
  'ingester.message-max-uncompressed-bytes': flag.bytes('0', 'A message that decompresses to more is a dead letter; 0: 64MiB'),
} satisfies FlagSet

/** Kafka as it is read, one topic a kind. */
export const ingesterFlags = {
  ...kafkaConsumerFlags,
  ...groupFlags,
  ...bodyFlags,
  ...ingesterLedgerFlags,
  ...formerIngesterFlags,
} satisfies FlagSet
