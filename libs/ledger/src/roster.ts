import type { KeySequences } from './key-sequences.ts'

/** Forgets an agent in one book: its counts stay, under no name. */
export type Forget = () => void

/**
 * Which agents and keys all books of a process have, so that there are never more than the limits. Over a limit those go that were
 * silent longest, one in a hundred at once.
 */
export type Roster = {
  /** A message of the agent was booked; `forget` is how its book forgets it, the same function each time. */
  readonly sawAgent: (id: string, forget: Forget) => void
  /** The same of messages of a cluster that nobody numbered, and of agents of it that were forgotten: as many clusters as agents. */
  readonly sawCluster: (id: string, forget: Forget) => void
  readonly sawKey: (sequences: KeySequences) => void
  /** A book is closed, or has forgotten by itself: what it had counts no more. */
  readonly leave: (names: Iterable<readonly [id: string, forget: Forget]>, keys: Iterable<KeySequences>) => void
  readonly agents: () => number
  readonly keys: () => number
  /** Agents, clusters and keys that were forgotten to make room. */
  readonly forgotten: () => number
}

export type RosterLimits = { readonly maxAgents: number; readonly maxKeys: number }

/** `seen` rises with each message: a stamp costs a fiftieth of moving the name to the end of a Map of 10,000. */
type Listed = { readonly forgets: Set<Forget>; seen: number }

export function createRoster({ maxAgents, maxKeys }: RosterLimits): Roster {
  const agents = new Map<string, Listed>()
  const clusters = new Map<string, Listed>()
  const keys = new Set<KeySequences>()
  let clock = 0
  let forgotten = 0

  const saw = (names: Map<string, Listed>, id: string, forget: Forget): void => {
    const known = names.get(id)
    if (known !== undefined) {
      known.seen = ++clock
      known.forgets.add(forget)
      return
    }
    if (names.size >= maxAgents) {
      const silent = silentLongest(names, ([, { seen }]) => seen, maxAgents)
      for (const [name] of silent) names.delete(name)
      forgotten += silent.length
      for (const [, { forgets }] of silent) for (const one of forgets) one()
    }
    names.set(id, { forgets: new Set([forget]), seen: ++clock })
  }

  const makeRoomForKey = (): void => {
    for (const one of silentLongest(keys, ({ seen }) => seen, maxKeys)) {
      keys.delete(one)
      one.siblings.delete(one.key)
      forgotten++
    }
  }

  return {
    sawAgent: (id, forget) => saw(agents, id, forget),
    sawCluster: (id, forget) => saw(clusters, id, forget),
    sawKey: (sequences) => {
      sequences.seen = ++clock
      if (keys.has(sequences)) return
      if (keys.size >= maxKeys) makeRoomForKey()
      keys.add(sequences)
    },
    leave: (leaving, sequences) => {
      for (const [id, forget] of leaving) {
        for (const names of [agents, clusters]) {
          const listed = names.get(id)
          listed?.forgets.delete(forget)
          if (listed?.forgets.size === 0) names.delete(id)
        }
      }
      for (const one of sequences) keys.delete(one)
    },
    agents: () => agents.size,
    keys: () => keys.size,
    forgotten: () => forgotten,
  }
}

/** One in a hundred of the most that there may be. */
const silentLongest = <T>(all: Iterable<T>, seenOf: (one: T) => number, max: number): readonly T[] =>
  [...all].toSorted((a, b) => seenOf(a) - seenOf(b)).slice(0, Math.ceil(max / 100))
