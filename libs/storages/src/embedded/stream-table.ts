import { sortedLabels, type Labels } from '@clymene/model'
import { parseStreamLabels } from '@clymene/wire'

import type { Database } from './database.ts'
import { labelsText, readLabelsText } from './series-table.ts'

export type Stream = {
  readonly id: number
  readonly labels: Labels
  /** Newest line of the stream: what is newer cannot be a repeat. */
  newestNs: bigint
}

export type StreamTable = {
  readonly size: () => number
  readonly all: () => Iterable<Stream>
  readonly byId: (id: number) => Stream | undefined
  /**
   * The stream of a label text; a new one gets its row, inside the caller's transaction. Undefined when there is no room for it.
   *
   * @throws DecodeError when the text is no label set.
   */
  readonly admit: (text: string) => Stream | undefined
  readonly remove: (stream: Stream) => void
  readonly load: () => void
}

const OLDEST = -(2n ** 63n)

export function createStreamTable({ db }: Database, maxStreams: number): StreamTable {
  const insert = db.prepare('INSERT INTO stream (id, labels) VALUES (?, ?)')
  const remove = db.prepare('DELETE FROM stream WHERE id = ?')
  const newest = db.prepare('SELECT max(time_ns) AS ns FROM line WHERE stream = ?')
  newest.setReadBigInts(true)
  const ids = new Map<number, Stream>()
  const byText = new Map<string, Stream>()
  const byLabels = new Map<string, Stream>()
  let highestId = 0

  const add = (id: number, labels: Labels, newestNs: bigint): Stream => {
    const stream: Stream = { id, labels, newestNs }
    ids.set(id, stream)
    byLabels.set(labelsText(labels), stream)
    highestId = Math.max(highestId, id)
    return stream
  }

  const resolve = (text: string): Stream | undefined => {
    const labels = sortedLabels(parseStreamLabels(text))
    const known = byLabels.get(labelsText(labels))
    if (known !== undefined || ids.size >= maxStreams) return known
    const stream = add(highestId + 1, labels, OLDEST)
    insert.run(stream.id, labelsText(labels))
    return stream
  }

  return {
    size: () => ids.size,
    all: () => ids.values(),
    byId: (id) => ids.get(id),
    admit: (text) => {
      const known = byText.get(text)
      if (known !== undefined) return known
      const stream = resolve(text)
      // Few senders write one label set in two ways; those that do must not fill the memory.
      if (byText.size > 4 * maxStreams) byText.clear()
      if (stream !== undefined) byText.set(text, stream)
      return stream
    },
    remove: (stream) => {
      remove.run(stream.id)
      ids.delete(stream.id)
      byLabels.delete(labelsText(stream.labels))
      byText.clear()
    },
    load: () => {
      for (const map of [ids, byText, byLabels]) map.clear()
      for (const { id, labels } of db.prepare('SELECT id, labels FROM stream').all()) {
        const ns = newest.get(Number(id))?.['ns']
        add(Number(id), readLabelsText(String(labels)), typeof ns === 'bigint' ? ns : OLDEST)
      }
    },
  }
}
