import { createSlowestPositions, type SlowestPositions, type StoredPositions } from '@clymene/sources'

/** Told where the reader of a storage stands; `path` is where the configuration keeps its positions. */
export type NotePositions = (path: string, reader: string, positions: StoredPositions) => Promise<void>

/** Keeps the positions of the storage that is furthest behind where each configuration says: for a single reader, or Promtail, to go on from. */
export function createSlowestOfEach(storages: readonly string[]): NotePositions {
  const slowest = new Map<string, SlowestPositions>()
  return (path, reader, positions) => {
    const one = slowest.get(path) ?? createSlowestPositions(path, storages)
    slowest.set(path, one)
    return one.note(reader, positions)
  }
}
