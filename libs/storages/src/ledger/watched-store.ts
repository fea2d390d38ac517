import { errorMessage, type LedgerStore } from '@clymene/model'

export type WatchedStore = {
  readonly store: LedgerStore
  /** Why states cannot be read or saved now; undefined while they can. */
  readonly trouble: () => string | undefined
}

/** The store as it is, and what came of the last call: delivery goes on without books, so nothing else would stop to say it. */
export function watchStore(inner: LedgerStore): WatchedStore {
  let trouble: string | undefined
  const watched = async <T>(call: Promise<T>): Promise<T> => {
    try {
      const result = await call
      trouble = undefined
      return result
    } catch (error) {
      trouble = errorMessage(error)
      throw error
    }
  }
  return {
    store: {
      load: (name, signal) => watched(inner.load(name, signal)),
      save: (name, state, signal) => watched(inner.save(name, state, signal)),
      all: inner.all,
      close: inner.close,
    },
    trouble: () => trouble && `the books cannot be read or saved, delivery goes on without them: ${trouble}`,
  }
}
