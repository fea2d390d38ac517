export { createDelivery, createBatchHandler, type DeliveryOptions, type ProgressiveBatch } from './delivery/delivery.ts'
export { createDirectSink, type DirectOptions, type DirectTarget } from './delivery/direct.ts'
export { createDeadLetters, deadLetterTopic, type DeadLetter, type DeadLetters, type DeadLettersOptions } from './delivery/dead-letters.ts'
export { DEFAULT_LIMITS, type BodyLimits } from './delivery/limits.ts'

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
