import { kafkaConsumerFlags } from '@clymene/bus'
import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

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

/** Kafka as it is read, one topic a kind. */
export const ingesterFlags = { ...kafkaConsumerFlags, ...groupFlags, ...formerIngesterFlags } satisfies FlagSet
