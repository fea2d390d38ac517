export { createDelivery, createBatchHandler, type BatchHandlerOptions, type DeliveryOptions } from './delivery/delivery.ts'
export { createDirectSink, type DirectOptions, type DirectTarget } from './delivery/direct.ts'
export { createDeadLetters, deadLetterTopic, type DeadLetter, type DeadLetters, type DeadLettersOptions } from './delivery/dead-letters.ts'
export { DEFAULT_LIMITS, type BodyLimits } from './delivery/limits.ts'

export { kindsOf, letterFilter, letterFilterFlags, momentMs, type LetterFilter, type Moment, type Place } from './replay/filter.ts'
export { hintFor } from './replay/hint.ts'
export { placeText, recordsIn, type Letter } from './replay/letter.ts'
export { prepareLetter, type PreparedLetter } from './replay/letter-delivery.ts'
export { readLetters, type PassedOver, type ReadLettersOptions } from './replay/read-letters.ts'
export { openReplayBook, type ReplayBook, type ReplayBookOptions } from './replay/replay-book.ts'
export { sendLetters, type SendLettersOptions } from './replay/send-letters.ts'

export { ledgerFlags } from './ledger/flags.ts'
export { openLedger, type Booked, type OpenLedger, type OpenLedgerOptions } from './ledger/open-ledger.ts'

export { classified } from './decorators/classified.ts'
export { isolating, type IsolatingOptions, type Refusal } from './decorators/isolating.ts'
export { createMaybeStored, type MaybeStored } from './decorators/lineage.ts'
export { observed, type ObservedOptions } from './decorators/observed.ts'
export { leavesDoubt, retrying, type RetryingOptions } from './decorators/retrying.ts'

export { createBusSink, type BusEncoding, type BusSinkOptions } from './kafka/bus-sink.ts'

export {
  selectStorages,
  storageFlagSets,
  storages,
  type SelectionOptions,
  type StorageFlagSets,
  type StorageSelection,
} from './registry.ts'
export { metricsOf } from './metrics-of.ts'
export { openStorages, type OpenedStorages, type OpenStoragesOptions, type StorageTarget } from './open-storages.ts'
export {
  checkServiceFlags,
  parseServiceFlags,
  selectionFlags,
  serviceFlagGroups,
  type ServiceFlags,
  type ServiceFlagsOptions,
} from './service-flags.ts'

export { elasticsearchStorage } from './elasticsearch/storage.ts'
export { QueryError, type LabelMatcher } from './embedded/matchers.ts'
export { embeddedStorage } from './embedded/storage.ts'
export { openEmbeddedStore, type EmbeddedStore, type EmbeddedStoreOptions, type StoreStats } from './embedded/store.ts'
export type { Aggregate } from './embedded/combine.ts'
export type { Point, SeriesFunction } from './embedded/evaluate.ts'
export type { FoundLine, LogQuery } from './embedded/log-search.ts'
export type { RangeQuery, RangeSeries } from './embedded/range.ts'
export type { ListedSeries } from './embedded/series-list.ts'
export { createStorageCommand, type CommandName, type Prepared, type StorageCommandOptions } from './storage-command.ts'
