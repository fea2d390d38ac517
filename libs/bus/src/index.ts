export { openEmbeddedBus, type EmbeddedBus } from './embedded/embedded-bus.ts'
export { embeddedBusFlags, embeddedBusSettings } from './embedded/flags.ts'
export type { EmbeddedBusOptions } from './embedded/options.ts'
export { createSequenceStore, type SequenceStore, type SequenceStoreOptions } from './embedded/sequence-store.ts'
