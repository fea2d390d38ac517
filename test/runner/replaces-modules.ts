/** Test files that replace modules (`vi.mock`): they run apart from the others, which share theirs. */
export const REPLACES_MODULES: readonly string[] = [
  'libs/bus/src/kafka/broker-wait.test.ts',
  'libs/bus/src/kafka/consumer.test.ts',
  'libs/sources/src/durable-file.test.ts',
  'libs/sources/src/files/reader-positions.test.ts',
  'libs/sources/src/files/unreadable.test.ts',
  'libs/storages/src/kafka/encoding.test.ts',
  'services/clymene/src/ledger/tool.test.ts',
  'test/simulation/simulation.test.ts',
]
