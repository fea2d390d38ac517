import type { LedgerStore } from '@clymene/model'

/** Books that end with the process. */
export function createMemoryLedgerStore(states: Map<string, Buffer> = new Map()): LedgerStore {
  return {
    load: async (name) => states.get(name),
    save: async (name, state) => void states.set(name, state),
    all: async () => new Map(states),
    close: () => Promise.resolve(),
  }
}
