import { collectMistakes, ConfigError, KINDS, type FlagSet, type FlagValues, type Kind, type Storage } from '@clymene/model'
import { COMMAND_VERBS, flag, parseFlags, type Elsewhere, type FlagGroup, type ParseOptions } from '@clymene/runtime'

import { selectStorages, storageFlagSets, storages, type StorageSelection } from './registry.ts'

/** How a service chooses its storages. */
export const selectionFlags = (defaultStorages: string) =>
  ({
    'storage-type': flag.list(defaultStorages, `Storages, comma list of ${storages.map(({ name }) => name).join(', ')}`),
    signals: flag.list('', `Kinds that are served, comma list of ${KINDS.join(', ')}; empty is every kind that has a storage`),
  }) satisfies FlagSet

export type SelectionFlags = ReturnType<typeof selectionFlags>

export type ServiceFlagsOptions<F extends FlagSet> = {
  /** The service's own flags. */
  readonly flags: F
  /** What STORAGE_TYPE is when it is not given; '' makes it an error. */
  readonly defaultStorages: string
  /** Kinds that the service is limited to by its name (`promtail-…`). */
  readonly onlyKinds?: readonly Kind[]
  /** Flags that are accepted with a warning, beside those of storages that are not selected. */
  readonly ignored?: Readonly<Record<string, { readonly flags: FlagSet; readonly reason: string }>>
  /** Where flags of another program, which users may bring along, have gone. */
  readonly elsewhere?: Elsewhere
}

export type ServiceFlags<F extends FlagSet> = {
  readonly values: FlagValues<F & SelectionFlags>
  /** Flags of the selected storages, for {@link openStorages}. */
  readonly storageValues: FlagValues<FlagSet>
  readonly selection: StorageSelection
  readonly given: ReadonlySet<string>
  readonly warnings: readonly string[]
}

/**
 * Reads the flags of a service and of the storages that STORAGE_TYPE selects; those of the others are accepted with a warning.
 *
 * @throws ConfigError with the mistakes of both, all at once: also what a storage finds in its own values, and words that are no flag.
 */
export const parseServiceFlags = <F extends FlagSet>(
  options: ServiceFlagsOptions<F>,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): ServiceFlags<F> => checkServiceFlags(options, argv, env, (parsed) => parsed)

/**
 * The same, and what `check` makes of it. It is asked also when there are mistakes, so that those which it finds are told with them:
 * a flag whose value is wrong has its default then, and a selection that is wrong has no storage and serves each kind that it may.
 *
 * @throws ConfigError with the mistakes of `check` too
 */
export function checkServiceFlags<F extends FlagSet, T>(
  options: ServiceFlagsOptions<F>,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  check: (parsed: ServiceFlags<F>) => T,
): T {
  const chosen = selectionFlags(options.defaultStorages)
  const mistakes: string[] = []
  const selection = collectMistakes(mistakes, () => select(chosen, options.onlyKinds, argv, env)) ?? anyKind(options.onlyKinds)
  const { flags: storageFlags, ignored } = storageFlagSets(selection.selected)
  const own: FlagSet = { ...chosen, ...options.flags }
  const others = {
    ignored: { ...ignored, ...options.ignored },
    ...(options.elsewhere === undefined ? {} : { elsewhere: options.elsewhere }),
  }
  // When the selection itself is wrong every storage's flags are known, so that they do not show as further mistakes.
  const { values, given, warnings } = parseFlags({ ...storageFlags, ...own }, argv, env, { ...others, mistakes })
  mistakes.push(...wordMistakes({ ...storageFlags, ...own }, others, argv))
  if ((env['TS_STORAGE_TYPE'] ?? '') !== '') mistakes.push('TS_STORAGE_TYPE: the name of before, expected STORAGE_TYPE')
  for (const storage of selection.selected) mistakes.push(...storageMistakes(storage, argv, env))
  const parsed = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- parsed from a set that holds all of these
    values: values as FlagValues<F & SelectionFlags>,
    storageValues: values,
    selection,
    given,
    warnings,
  }
  const checked = collectMistakes(mistakes, () => ({ result: check(parsed) }))
  if (mistakes.length > 0 || checked === undefined) throw new ConfigError(mistakes)
  return checked.result
}

const anyKind = (kinds: readonly Kind[] = KINDS): StorageSelection => ({ selected: [], byKind: new Map(kinds.map((kind) => [kind, []])) })

/** Words that no flag takes, found whatever is wrong with the values of the flags. */
function wordMistakes(flags: FlagSet, others: Pick<ParseOptions, 'ignored' | 'elsewhere'>, argv: readonly string[]): readonly string[] {
  const asText = Object.fromEntries(Object.entries(flags).map(([name, one]) => [name, { ...one, parse: (text: string) => text }]))
  const { positionals } = parseFlags(asText, argv, {}, { ...others, lenient: true })
  return positionals.map((word) =>
    COMMAND_VERBS.includes(word)
      ? `${word}: unexpected here, expected it before the flags`
      : `${word}: unexpected word, expected flags only`,
  )
}

/** What a storage finds in its values; those that do not parse have been told before. */
const storageMistakes = ({ flags, mistakesOf }: Storage, argv: readonly string[], env: NodeJS.ProcessEnv): readonly string[] =>
  mistakesOf?.(parseFlags(flags, argv, env, { lenient: true, mistakes: [] }).values) ?? []

/** Groups of --help: the service's own, the choice, then every storage. */
export function serviceFlagGroups(own: readonly FlagGroup[], defaultStorages: string): readonly FlagGroup[] {
  return [{ title: 'Storages', flags: selectionFlags(defaultStorages) }, ...own, ...storageFlagSets(storages).groups]
}

function select(
  chosen: SelectionFlags,
  onlyKinds: readonly Kind[] | undefined,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): StorageSelection {
  const { values } = parseFlags(chosen, argv, env, { lenient: true })
  const unknown = values.signals.filter((signal) => !isKind(signal))
  if (unknown.length > 0) throw new ConfigError(`--signals=${values.signals.join(',')}: expected one or more of ${KINDS.join(', ')}`)
  const asked = values.signals.filter(isKind)
  const signals = asked.length > 0 ? asked : onlyKinds
  const outside = signals?.filter((kind) => onlyKinds?.includes(kind) === false) ?? []
  if (outside.length > 0)
    throw new ConfigError(`--signals=${values.signals.join(',')}: this service is limited to ${onlyKinds?.join(', ')}`)
  return selectStorages({ names: values['storage-type'], ...(signals === undefined ? {} : { signals }) })
}

const isKind = (text: string): text is Kind => KINDS.some((kind) => kind === text)
