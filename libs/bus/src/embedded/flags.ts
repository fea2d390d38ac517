import type { FlagSet, FlagValues } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Flags of the log that stands in for Kafka in the all-in-one. Where it is kept is the service's own flag. */
export const embeddedBusFlags = {
  'bus.max-bytes': flag.bytes('512MiB', 'Most that the bus keeps on disk, all topics together; at least 16MiB'),
  'bus.max-age': flag.duration('24h', 'Messages older than this are deleted; at least 1s'),
  'bus.full': flag.oneOf(
    ['expire', 'refuse'],
    'expire',
    'When the bus is full: expire deletes the oldest messages, read or not; refuse answers 503 until every group has read the oldest',
  ),
  'bus.partitions': flag.int(1, 'Partitions of a topic that is made; one that exists keeps its own', { min: 1, max: 256 }),
  'bus.fsync-interval': flag.duration(
    '0s',
    'How often what was written is synced to the disk; 0s syncs before each acknowledgement, more risks so much of the newest in a power cut',
  ),
} satisfies FlagSet

/** The flags as options of `openEmbeddedBus`. */
export const embeddedBusSettings = (values: FlagValues<typeof embeddedBusFlags>) =>
  ({
    maxBytes: values['bus.max-bytes'],
    maxAgeMs: values['bus.max-age'],
    full: values['bus.full'],
    partitions: values['bus.partitions'],
    fsyncIntervalMs: values['bus.fsync-interval'],
  }) as const
