import type { KeySequences } from './key-sequences.ts'

/** Forgets an agent in one book: its counts stay, under no name. */
export type Forget = () => void

/**
 * Which agents and keys all books of a process have, so that there are never more than the limits. Over a limit the one that was
 * silent longest goes.
 */
export type Roster = {
  /** A message of the agent was booked; `forget` is how its book forgets it, the same function each time. */
  readonly sawAgent: (id: string, forget: Forget) => void
  /** The same of messages of a cluster that nobody numbered, and of agents of it that were forgotten: as many clusters as agents. */
  readonly sawCluster: (id: string, forget: Forget) => void
  readonly sawKey: (sequences: KeySequences, forget: Forget) => void
  /** A book is closed, or has forgotten by itself: what it had counts no more. */
  readonly leave: (names: Iterable<readonly [id: string, forget: Forget]>, keys: Iterable<KeySequences>) => void
  readonly agents: () => number
  readonly keys: () => number
  /** Agents, clusters and keys that were forgotten to make room. */
  readonly forgotten: () => number
}

export type RosterLimits = { readonly maxAgents: number; readonly maxKeys: number }

export function createRoster({ maxAgents, maxKeys }: RosterLimits): Roster {
  // Maps keep the order of insertion: the first is the one that was silent longest.
  const agents = new Map<string, Set<Forget>>()
  const clusters = new Map<string, Set<Forget>>()
  const keys = new Map<KeySequences, Forget>()
  let forgotten = 0

  const saw = (names: Map<string, Set<Forget>>, id: string, forget: Forget): void => {
    const books = names.get(id) ?? new Set()
    books.add(forget)
    names.delete(id)
    names.set(id, books)
    const [oldest] = names
    if (names.size <= maxAgents || oldest === undefined) return
    names.delete(oldest[0])
    forgotten++
    for (const one of oldest[1]) one()
  }

  return {
    sawAgent: (id, forget) => saw(agents, id, forget),
    sawCluster: (id, forget) => saw(clusters, id, forget),
    sawKey: (sequences, forget) => {
      keys.delete(sequences)
      keys.set(sequences, forget)
      const [oldest] = keys
      if (keys.size <= maxKeys || oldest === undefined) return
      keys.delete(oldest[0])
      forgotten++
      oldest[1]()
    },
    leave: (leaving, sequences) => {
      for (const [id, forget] of leaving) {
        for (const names of [agents, clusters]) {
          const books = names.get(id)
          books?.delete(forget)
          if (books?.size === 0) names.delete(id)
        }
      }
      for (const one of sequences) keys.delete(one)
    },
    agents: () => agents.size,
    keys: () => keys.size,
    forgotten: () => forgotten,
  }
}
