import { kafkaConsumerFlags, LEDGER_TOPIC, topicFlag } from '@clymene/bus'
import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'
import { letterFilterFlags } from '@clymene/storages'

/** Where the dead letters are. */
export const sourceFlags = {
  ...kafkaConsumerFlags,
  'kafka.ledger.topic': topicFlag(LEDGER_TOPIC, 'Compacted topic of the ledger: what was sent is noted there'),
} satisfies FlagSet

/** Said on the command line only: a variable such as CLUSTER is set in many places for other reasons. */
export const commandFlags = {
  ...letterFilterFlags,
  storage: {
    ...letterFilterFlags.storage,
    help: 'Storages that refused them, comma list; empty is all. `send` needs one, or a STORAGE_TYPE (--storage-type) that names one',
  },
  'buffer.dir': flag.file('', "In place of Kafka: an agent's --buffer.dir, while it is stopped"),
  'data.dir': flag.file('', "In place of Kafka: an all-in-one's --data.dir, while it is stopped"),
  limit: flag.int(20, '`show`: most samples or lines of a letter', { min: 1 }),
  'dry-run': flag.bool(false, '`send`: says what would be sent, and sends nothing'),
  again: flag.bool(false, '`send`: also what was sent before'),
  rate: flag.number(0, '`send`: most samples or lines a second; 0 is no limit'),
  patience: flag.duration('1m', '`send`: how long a storage may be away before it is given up'),
} satisfies FlagSet

export const VERBS = {
  list: 'a line for each letter: when, storage, cluster, topic/partition/offset, records, status, whether it was sent, reason',
  show: 'the same with what is in them: series with samples, streams with lines',
  summary: 'how many there are, by cluster, storage and reason',
  send: 'sends them to the storage that refused them, given by --storage and its flags as the ingester has them; exit status 1 when some are refused again',
} as const

export type Verb = keyof typeof VERBS
