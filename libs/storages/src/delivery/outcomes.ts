import type { Settlement } from '@clymene/ledger'
import type { BusRecord, Delivery } from '@clymene/model'

import { rootOf } from '../decorators/lineage.ts'

/** What came of the parts of messages, until their bodies are done. */
export type Outcomes = {
  /** This piece is on the dead-letter topic. */
  readonly refused: (piece: Delivery) => void
  /** The storage had this piece. */
  readonly repeated: (piece: Delivery) => void
  /** What came of the whole message, once its body is done. */
  readonly settlementOf: (record: BusRecord, delivery: Delivery) => Settlement
}

type Tally = { refused: number; repeated: number; isRefused: boolean; isRepeated: boolean }

export function createOutcomes(): Outcomes {
  const tallies = new WeakMap<Delivery, Tally>()
  const tallyOf = (piece: Delivery): Tally => {
    const root = rootOf(piece)
    const tally = tallies.get(root) ?? { refused: 0, repeated: 0, isRefused: false, isRepeated: false }
    tallies.set(root, tally)
    return tally
  }
  return {
    refused: (piece) => {
      const tally = tallyOf(piece)
      tally.refused += piece.headers.records ?? 0
      tally.isRefused = true
    },
    repeated: (piece) => {
      const tally = tallyOf(piece)
      tally.repeated += piece.headers.records ?? 0
      tally.isRepeated = true
    },
    settlementOf: (record, delivery) => {
      const all = delivery.headers.records ?? 0
      const tally = tallies.get(delivery)
      if (tally === undefined) return { record, outcome: 'stored', records: all, refused: 0 }
      const refused = Math.min(tally.refused, all)
      const records = all - refused
      if (records > tally.repeated) return { record, outcome: 'stored', records, refused }
      // A message without records has nothing that could be stored.
      return { record, outcome: tally.isRepeated ? 'repeatedInStorage' : 'deadLetter', records, refused }
    },
  }
}

/** A message of no bytes: it is where it belongs. */
export const emptySettlement = (record: BusRecord): Settlement => ({ record, outcome: 'stored', records: 0, refused: 0 })

/** Nobody can read it: how many samples or entries it has is only what its sender says. */
export const undecodableSettlement = (record: BusRecord): Settlement => {
  return { record, outcome: 'deadLetter', records: 0, refused: record.headers.records ?? 0 }
}

/** Its bytes were written shortly before. */
export const repeatSettlement = (record: BusRecord, { headers }: Delivery): Settlement => {
  return { record, outcome: 'repeatedInBus', records: headers.records ?? 0, refused: 0 }
}
