import { type Position, savePositions, type StoredPositions } from './positions.ts'

/** With a reader for each storage: the positions of the one that is furthest behind, in a file that Promtail, or a single reader, can go on from. */
export type SlowestPositions = {
  /** Takes note of what a reader has handed over, and writes when all have said so once. @throws a system error of the writing */
  readonly note: (reader: string, positions: StoredPositions) => Promise<void>
}

export function createSlowestPositions(path: string, readers: readonly string[]): SlowestPositions {
  const noted = new Map<string, StoredPositions>()
  let writing: Promise<void> = Promise.resolve()
  return {
    note: async (reader, positions) => {
      noted.set(reader, positions)
      if (!readers.every((name) => noted.has(name))) return
      const write = async (): Promise<void> => savePositions(path, { ...slowestOf([...noted.values()]), readers })
      writing = writing.then(write, write)
      await writing
    },
  }
}

function slowestOf(all: readonly StoredPositions[]): StoredPositions {
  const least = new Map<string, Position>()
  for (const position of all.flatMap(({ files }) => files)) {
    const key = JSON.stringify([position.job, position.device, position.inode])
    const other = least.get(key)
    if (other === undefined || position.replayFrom < other.replayFrom) {
      // The order is that of the last reader: the file that is at a path now comes after those that were.
      least.delete(key)
      least.set(key, position)
    }
  }
  const searched = all.map(({ searchedMs }) => searchedMs ?? 0)
  return {
    files: [...least.values()].toSorted((a, b) => Number(b.closed ?? false) - Number(a.closed ?? false)),
    offsets: new Map(all.flatMap(({ offsets }) => [...offsets])),
    offsetsMs: all.map(({ offsetsMs }) => offsetsMs).find((time) => time !== undefined),
    others: new Map(all.flatMap(({ others }) => [...others])),
    searchedMs: Math.min(...searched),
  }
}
