/** Whether the series and streams in memory are what the database has. */
export type Memory = {
  /** A transaction failed: memory may have what was rolled back. */
  readonly invalidate: () => void
  /** Before a transaction: reads everything back if it has to. @throws what the database says; the next call tries again. */
  readonly refresh: () => void
}

/** Holds nothing until the first {@link Memory.refresh}. */
export function createMemory(load: () => void): Memory {
  let stale = true
  return {
    invalidate: () => {
      stale = true
    },
    refresh: () => {
      if (!stale) return
      load()
      stale = false
    },
  }
}
