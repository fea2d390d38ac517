import { decodeReplayState, encodeReplayState, replayStateName } from '@clymene/ledger'
import type { Kind, LedgerStore } from '@clymene/model'

import type { LetterPlace } from './letter-ranges.ts'
import { recordsIn, type Letter } from './letter.ts'
import { createReplayNotes, type ReplayNote, type ReplayNotes } from './replay-notes.ts'

export type ReplayBookOptions = {
  readonly store: Pick<LedgerStore, 'load' | 'save'>
  readonly kind: Kind
  readonly storage: string
  /** The topic that the letters came from before they were ones. */
  readonly topic: string
}

/** Which letters of one topic one storage got by replay, and how many it refused again: kept in the store of the ledger. */
export type ReplayBook = {
  readonly isSent: (letter: Letter) => boolean
  /** `previous`: the storage's letter before this one in its partition. A letter that was sent before is not counted again. */
  readonly sent: (letter: Letter, previous: LetterPlace | undefined) => void
  /** Counted once, until the storage takes it. */
  readonly refused: (letter: Letter, previous: LetterPlace | undefined) => void
  /** Adds what was noted here since the last save to what is stored by now, be it by another replay at the same time. */
  readonly save: (signal: AbortSignal) => Promise<void>
}

/**
 * Begins where the saved state ends.
 *
 * @throws RetryableError when the store is away; Error when the state is damaged.
 */
export async function openReplayBook({ store, kind, storage, topic }: ReplayBookOptions, signal: AbortSignal): Promise<ReplayBook> {
  const name = replayStateName(storage, topic)
  const load = async (stop: AbortSignal): Promise<ReplayNotes> => {
    const saved = await store.load(name, stop)
    return createReplayNotes(saved === undefined ? undefined : decodeReplayState(saved))
  }
  let notes = await load(signal)
  /** Not stored yet. */
  let pending: ReplayNote[] = []
  const add = (outcome: ReplayNote['outcome'], letter: Letter, previous: LetterPlace | undefined): void => {
    const { place, note } = letter
    const one = { outcome, place, previous, cluster: note.cluster, records: recordsIn(letter) }
    if (notes.add(one)) pending.push(one)
  }

  return {
    isSent: ({ place }) => notes.isSent(place),
    sent: (letter, previous) => add('sent', letter, previous),
    refused: (letter, previous) => add('refused', letter, previous),
    save: async (stop) => {
      const merged = await load(stop)
      const count = pending.length
      for (const note of pending) merged.add(note)
      await store.save(name, encodeReplayState({ kind, storage, topic, ...merged.state() }), stop)
      pending = pending.slice(count)
      for (const note of pending) merged.add(note)
      notes = merged
    },
  }
}
