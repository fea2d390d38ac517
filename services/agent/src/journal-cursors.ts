/** Where jobs of the journal are, for the positions files of their configurations: Promtail keeps cursors there, and may be gone back to. */
export type JournalCursors = {
  readonly note: (positionsPath: string, job: string, cursor: string) => void
  /** By key of the file; the same map until one moves. */
  readonly of: (positionsPath: string) => ReadonlyMap<string, string>
}

const NONE: ReadonlyMap<string, string> = new Map()

export function createJournalCursors(): JournalCursors {
  const byPath = new Map<string, ReadonlyMap<string, string>>()
  return {
    note: (positionsPath, job, cursor) => {
      byPath.set(positionsPath, new Map([...(byPath.get(positionsPath) ?? NONE), [`cursor-${job}`, cursor]]))
    },
    of: (positionsPath) => byPath.get(positionsPath) ?? NONE,
  }
}
