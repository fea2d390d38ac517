import { decodeReplayState, encodeReplayState, replayStateName, type ClusterReplays, type ReplayState } from '@clymene/ledger'
import type { Kind, LedgerStore } from '@clymene/model'

import { createLetterRanges, type LetterPlace } from './letter-ranges.ts'
import { recordsIn, type Letter } from './letter.ts'

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
  readonly save: (signal: AbortSignal) => Promise<void>
}

type Counts = { messages: number; records: number }
type ClusterCounts = { readonly replayed: Counts; readonly refused: Counts }

/** Names of clusters come from messages: those over this number are counted together, as ''. */
const MAX_CLUSTERS = 1000

/**
 * Begins where the saved state ends.
 *
 * @throws RetryableError when the store is away; Error when the state is damaged.
 */
export async function openReplayBook({ store, kind, storage, topic }: ReplayBookOptions, signal: AbortSignal): Promise<ReplayBook> {
  const name = replayStateName(storage, topic)
  const saved = await store.load(name, signal)
  const before = saved === undefined ? undefined : decodeReplayState(saved)
  const sent = createLetterRanges(before?.sent)
  const refused = createLetterRanges(before?.refused)
  const clusters = new Map(before?.clusters.map((one) => [one.cluster, countsOf(one)]))

  const countsIn = ({ note: { cluster } }: Letter): ClusterCounts => {
    const key = clusters.has(cluster) || clusters.size < MAX_CLUSTERS ? cluster : ''
    const known = clusters.get(key) ?? { replayed: { messages: 0, records: 0 }, refused: { messages: 0, records: 0 } }
    clusters.set(key, known)
    return known
  }
  const state = (): ReplayState => ({
    kind,
    storage,
    topic,
    clusters: Array.from(clusters, ([cluster, counts]) => ({ cluster, ...counts })),
    sent: sent.list(),
    refused: refused.list(),
  })

  return {
    isSent: ({ place }) => sent.has(place),
    sent: (letter, previous) => {
      if (sent.has(letter.place)) return
      const counts = countsIn(letter)
      if (refused.has(letter.place)) add(counts.refused, letter, -1)
      add(counts.replayed, letter, 1)
      sent.add(letter.place, previous)
    },
    refused: (letter, previous) => {
      if (sent.has(letter.place) || refused.has(letter.place)) return
      add(countsIn(letter).refused, letter, 1)
      refused.add(letter.place, previous)
    },
    save: (stop) => store.save(name, encodeReplayState(state()), stop),
  }
}

const countsOf = ({ replayed, refused }: ClusterReplays): ClusterCounts => ({ replayed: { ...replayed }, refused: { ...refused } })

function add(counts: Counts, letter: Letter, sign: 1 | -1): void {
  counts.messages = Math.max(counts.messages + sign, 0)
  counts.records = Math.max(counts.records + sign * recordsIn(letter), 0)
}
