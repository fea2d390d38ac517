import { followChanges, type Change, type ChangeFeedOptions } from '@clymene/discovery'

import type { EntryWriter } from '../lines/entry-writer.ts'
import { createProgress } from '../lines/progress.ts'
import { eventEntry, type EntryContext } from './event-entry.ts'
import { createEventNews, type EventsReached } from './event-news.ts'
import type { PositionKeeper } from './position-keeper.ts'
import { readEvent, type ClusterEvent } from './read-event.ts'
import { readTerminations, type PodTerminations } from './read-terminations.ts'
import { terminationEntry } from './termination-entry.ts'
import { createTerminationNews } from './termination-news.ts'

export type WatchContext<T> = Omit<ChangeFeedOptions<T>, 'read' | 'from'> & {
  /** Under which its position is kept. */
  readonly name: string
  readonly keeper: PositionKeeper
  readonly write: EntryWriter['write']
  readonly entry: EntryContext
  readonly acknowledged: () => void
  readonly written: () => void
}

/** Writes an entry for every occurrence of an event until the signal aborts. @throws what `write` throws */
export async function watchEvents(watch: WatchContext<ClusterEvent> & { readonly oldestNs: bigint }, signal: AbortSignal): Promise<void> {
  const { name, keeper, write, entry } = watch
  let reached = keeper.reachedBy(name)
  let { newestNs } = reached
  const news = createEventNews({ oldestNs: watch.oldestNs })
  const progress = createProgress<EventsReached>((mark) => keeper.reached(name, mark))

  for await (const { changes, version, listVersion } of followChanges({ ...watch, read: readEvent, from: reached.version }, signal)) {
    for (const change of inOrder(changes)) {
      if (!news.isNews(change, reached, listVersion)) continue
      const { object } = change
      if (object.lastNs > newestNs) newestNs = object.lastNs
      const acknowledge = progress.written()
      watch.written()
      await write(eventEntry(object, entry), () => {
        watch.acknowledged()
        acknowledge()
      })
    }
    if (version === undefined) continue
    reached = { version, newestNs }
    progress.mark(reached)
  }
}

/** Lists are in the order of names. */
const inOrder = (changes: readonly Change<ClusterEvent>[]): readonly Change<ClusterEvent>[] =>
  changes[0]?.type === 'LISTED' ? changes.toSorted(({ object: a }, { object: b }) => Number(a.lastNs - b.lastNs)) : changes

/** Writes an entry for every end of a container until the signal aborts. @throws what `write` throws */
export async function watchTerminations(watch: WatchContext<PodTerminations>, signal: AbortSignal): Promise<void> {
  const { name, keeper, write, entry } = watch
  const reached = keeper.reachedBy(name)
  const news = createTerminationNews(keeper.told)
  const progress = createProgress<string>((version) => keeper.reached(name, { version, newestNs: 0n }))

  for await (const { changes, version, listVersion } of followChanges(
    { ...watch, read: readTerminations, from: reached.version },
    signal,
  )) {
    for (const change of changes) {
      for (const ended of news.newsOf(change)) {
        const acknowledge = progress.written()
        watch.written()
        await write(terminationEntry(change.object, ended, entry), () => {
          watch.acknowledged()
          keeper.toldOf(ended)
          acknowledge()
        })
      }
    }
    if (version === undefined) continue
    if (listVersion !== undefined) news.endList()
    progress.mark(version)
  }
}
