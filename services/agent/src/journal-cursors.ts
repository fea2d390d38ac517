/** Where jobs of the journal are, for the positions files of their configurations: Promtail keeps cursors there, and may be gone back to. */
export type JournalCursors = {
  readonly note: (positionsPath: string, job: string, cursor: string) => void
  /** By key of the file. */
  readonly of: (positionsPath: string) => ReadonlyMap<string, string>
}

export function createJournalCursors(): JournalCursors {
  const byPath = new Map<string, Map<string, string>>()
  return {
    note: (positionsPath, job, cursor) => {
      const cursors = byPath.get(positionsPath) ?? new Map<string, string>()
      byPath.set(positionsPath, cursors.set(`cursor-${job}`, cursor))
    },
    of: (positionsPath) => byPath.get(positionsPath) ?? new Map(),
  }
}
