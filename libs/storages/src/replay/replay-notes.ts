import type { ClusterReplays, ReplayState } from '@clymene/ledger'

import { createLetterRanges, type LetterPlace } from './letter-ranges.ts'

/** What became of one letter. */
export type ReplayNote = {
  readonly outcome: 'sent' | 'refused'
  readonly place: LetterPlace
  /** The storage's letter before it in its partition. */
  readonly previous: LetterPlace | undefined
  readonly cluster: string
  readonly records: number
}

/** The state of a replay while it is in memory. */
export type ReplayNotes = {
  readonly isSent: (place: LetterPlace) => boolean
  /** Each outcome of a letter counts once, and `refused` until it is sent; false when nothing changed. */
  readonly add: (note: ReplayNote) => boolean
  readonly state: () => Pick<ReplayState, 'clusters' | 'sent' | 'refused'>
}

type Counts = { messages: number; records: number }
type ClusterCounts = { readonly replayed: Counts; readonly refused: Counts }

/** Names of clusters come from messages: those over this number are counted together, as ''. */
const MAX_CLUSTERS = 1000

export function createReplayNotes(before: ReplayState | undefined): ReplayNotes {
  const sent = createLetterRanges(before?.sent)
  const refused = createLetterRanges(before?.refused)
  const clusters = new Map(before?.clusters.map((one) => [one.cluster, countsOf(one)]))

  const countsIn = (cluster: string): ClusterCounts => {
    const key = clusters.has(cluster) || clusters.size < MAX_CLUSTERS ? cluster : ''
    const known = clusters.get(key) ?? { replayed: { messages: 0, records: 0 }, refused: { messages: 0, records: 0 } }
    clusters.set(key, known)
    return known
  }

  return {
    isSent: sent.has,
    add: ({ outcome, place, previous, cluster, records }) => {
      if (sent.has(place)) return false
      const isRefused = refused.has(place)
      if (outcome === 'refused' && isRefused) return false
      const counts = countsIn(cluster)
      if (outcome === 'refused') {
        add(counts.refused, records, 1)
        refused.add(place, previous)
      } else {
        if (isRefused) add(counts.refused, records, -1)
        add(counts.replayed, records, 1)
        sent.add(place, previous)
      }
      return true
    },
    state: () => ({
      clusters: Array.from(clusters, ([cluster, counts]) => ({ cluster, ...counts })),
      sent: sent.list(),
      refused: refused.list(),
    }),
  }
}

const countsOf = ({ replayed, refused }: ClusterReplays): ClusterCounts => ({ replayed: { ...replayed }, refused: { ...refused } })

function add(counts: Counts, records: number, sign: 1 | -1): void {
  counts.messages = Math.max(counts.messages + sign, 0)
  counts.records = Math.max(counts.records + sign * records, 0)
}
