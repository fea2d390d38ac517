import { ConfigError, KINDS, type FlagSet, type Kind, type Storage } from '@clymene/model'
import type { FlagGroup, ParseOptions } from '@clymene/runtime'

import { cortexStorage } from './cortex/cortex.ts'
import { elasticsearchStorage } from './elasticsearch/storage.ts'
import { embeddedStorage } from './embedded/storage.ts'
import { gatewayStorage } from './gateway/gateway.ts'
import { kafkaStorage } from './kafka/kafka.ts'
import { lokiStorage } from './loki/loki.ts'
import { prometheusStorage } from './prometheus/prometheus.ts'

// The flags of one storage are known only to itself; whoever opens it passes what parseFlags made of exactly these flags.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const storage = <F extends FlagSet>(one: Storage<F>): Storage => one as unknown as Storage

/** Every storage that STORAGE_TYPE can name, in the order of --help. A new one is its folder and a line here. */
export const storages: readonly Storage[] = [
  storage(prometheusStorage),
  storage(cortexStorage),
  storage(lokiStorage),
  storage(elasticsearchStorage),
  storage(embeddedStorage),
  storage(gatewayStorage),
  storage(kafkaStorage),
]

export type StorageSelection = {
  readonly selected: readonly Storage[]
  /** The kinds that are served, each with the selected storages that take it. */
  readonly byKind: ReadonlyMap<Kind, readonly Storage[]>
}

export type SelectionOptions = {
  /** What STORAGE_TYPE lists; blanks around a name and repetitions do not matter. */
  readonly names: readonly string[]
  /** What `--signals` asks for; undefined serves every kind that has a storage. */
  readonly signals?: readonly Kind[]
  /** Names to choose from, when this service does not offer all of them. */
  readonly choices?: readonly string[]
}

/** Who takes what. @throws ConfigError for unknown names, none at all, or a kind that was asked for and has no storage. */
export function selectStorages({ names, signals, choices = storages.map(({ name }) => name) }: SelectionOptions): StorageSelection {
  const wanted = [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))]
  const list = choices.join(', ')
  const unknown = wanted.filter((name) => !choices.includes(name))
  const selected = storages.filter(({ name }) => wanted.includes(name) && choices.includes(name))
  const byKind = new Map<Kind, readonly Storage[]>()
  for (const kind of signals ?? KINDS) {
    const takers = selected.filter(({ kinds }) => kinds.includes(kind))
    if (takers.length > 0) byKind.set(kind, takers)
  }

  const mistakes = unknown.map((name) => `STORAGE_TYPE names ${JSON.stringify(name)}: expected one or more of ${list}`)
  if (wanted.length === 0) mistakes.push(`STORAGE_TYPE is empty: expected one or more of ${list}`)
  if (unknown.length === 0 && wanted.length > 0) {
    const takersOf = (kind: Kind): string =>
      storages.flatMap(({ name, kinds }) => (kinds.includes(kind) && choices.includes(name) ? [name] : [])).join(', ')
    for (const kind of signals ?? []) {
      if (byKind.has(kind)) continue
      mistakes.push(`--signals asks for ${kind}, which STORAGE_TYPE=${wanted.join(',')} does not take: add one of ${takersOf(kind)}`)
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { selected, byKind }
}

export type StorageFlagSets = {
  /** All flags of the selected storages in one set. */
  readonly flags: FlagSet
  /** The same by storage, for --help. */
  readonly groups: readonly FlagGroup[]
  /** Flags of the others: for `parseFlags`, which accepts them with a warning. */
  readonly ignored: NonNullable<ParseOptions['ignored']>
}

export function storageFlagSets(selected: readonly Storage[]): StorageFlagSets {
  const others = storages.filter((one) => !selected.includes(one))
  return {
    flags: Object.fromEntries(selected.flatMap(({ flags }) => Object.entries(flags))),
    groups: selected.map(({ name, help, flags }) => ({ title: `Storage ${name}: ${help}`, flags })),
    ignored: Object.fromEntries(
      others.map(({ name, flags }) => [name, { flags, reason: `storage ${name} is not selected by STORAGE_TYPE` }]),
    ),
  }
}
