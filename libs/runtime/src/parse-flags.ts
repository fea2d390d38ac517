import { parseArgs } from 'node:util'

import { ConfigError, errorMessage, type Flag, type FlagSet, type FlagValues } from '@clymene/model'

import { nearestName } from './nearest-name.ts'

export type ParsedFlags<F extends FlagSet> = {
  readonly values: FlagValues<F>
  /** Names that argv or the environment gave, as opposed to defaults. */
  readonly given: ReadonlySet<string>
  /** Things that are accepted and do nothing, a line each. */
  readonly warnings: readonly string[]
  /** Words of argv that are no flags. */
  readonly positionals: readonly string[]
}

export type ParseOptions = {
  /** Unknown flags are passed over: for a first look at a few of them. */
  readonly lenient?: boolean
  /** Mistakes are added here in place of being thrown, and what has one has its default: so that the rest can be looked at too. */
  readonly mistakes?: string[]
  /** Flags that are known but belong to something not selected: accepted with a warning that says why. */
  readonly ignored?: Readonly<Record<string, { readonly flags: FlagSet; readonly reason: string }>>
  /** What does here what flags of another program do, which users may bring along: told where such a flag is given. */
  readonly elsewhere?: Elsewhere
}

/** Of a flag's name without dashes; undefined when that program has none of it. */
export type Elsewhere = (name: string) => { readonly here: string; readonly takesValue: boolean } | undefined

/**
 * Reads every declared flag: `--loki.client.url` from `argv`, else `LOKI_CLIENT_URL` from `env`, else its default.
 *
 * @throws ConfigError naming the flag or variable, the text found (never a secret) and what was expected. All mistakes at once; with
 * `mistakes` they go there.
 */
export function parseFlags<F extends FlagSet>(
  flags: F,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  { ignored = {}, lenient = false, mistakes: kept, elsewhere = () => undefined }: ParseOptions = {},
): ParsedFlags<F> {
  const mistakes: string[] = []
  const warnings: string[] = []
  const ignoredFlags = new Map(
    Object.values(ignored).flatMap(({ flags: set, reason }) =>
      Object.entries(set).map(([name, one]) => [name, { flag: one, reason }] as const),
    ),
  )
  const { given: texts, positionals } = parseArgv(flags, { ignored: ignoredFlags, elsewhere }, argv, lenient ? [] : mistakes, warnings)
  const given = new Set<string>()
  const values = Object.entries(flags).map(([name, one]) => {
    const [origin, text] = textOf(name, one, texts, env)
    if (text === undefined) return [name, one.default] as const
    given.add(name)
    if (one.noEffect !== undefined) warnings.push(`${origin} has no effect: ${one.noEffect}`)
    try {
      return [name, one.parse(text)] as const
    } catch (error) {
      mistakes.push(`${origin}=${one.secret === true ? '***' : JSON.stringify(withoutCredentials(text))}: ${errorMessage(error)}`)
      return [name, one.default] as const
    }
  })
  if (kept !== undefined) kept.push(...mistakes)
  else if (mistakes.length > 0) throw new ConfigError(mistakes)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value came from the parser of its own flag
  return { values: Object.fromEntries(values) as FlagValues<F>, given, warnings, positionals }
}

/** `http://user:password@host` without the password, in any text that may hold an address. */
const withoutCredentials = (text: string): string => text.replaceAll(/\/\/[^/\s,]*@/g, '//***@')

export const environmentName = (name: string): string => name.toUpperCase().replaceAll(/[.-]/g, '_')

function textOf(
  name: string,
  { alias }: Flag<unknown>,
  texts: ReadonlyMap<string, string>,
  env: NodeJS.ProcessEnv,
): readonly [origin: string, text: string | undefined] {
  for (const known of alias === undefined ? [name] : [name, alias]) {
    const text = texts.get(known)
    if (text !== undefined) return [`--${known}`, text]
  }
  const variable = environmentName(name)
  const text = env[variable]
  return [variable, text === '' ? undefined : text]
}

const typeOf = (one: Flag<unknown> | undefined) => ({ type: one?.type === 'bool' ? ('boolean' as const) : ('string' as const) })

type Others = {
  readonly ignored: ReadonlyMap<string, { readonly flag: Flag<unknown>; readonly reason: string }>
  readonly elsewhere: Elsewhere
}

const SHORT = /^-([a-z][\w.-]+)(?:=|$)/i
const nameOf = (word: string): string => /^--?([^=]+)/.exec(word)?.[1] ?? ''

function parseArgv(flags: FlagSet, { ignored, elsewhere }: Others, argv: readonly string[], mistakes: string[], warnings: string[]) {
  const byName = new Map(
    Object.entries(flags).flatMap(([name, one]) => [[name, one] as const, ...(one.alias === undefined ? [] : [[one.alias, one] as const])]),
  )
  const options: Record<string, { type: 'boolean' | 'string' }> = Object.fromEntries([
    ...[...ignored].map(([name, { flag }]) => [name, typeOf(flag)] as const),
    ...[...byName].map(([name, one]) => [name, typeOf(one)] as const),
  ])
  for (const word of argv) {
    const name = nameOf(word)
    const known = Object.hasOwn(options, name) ? undefined : elsewhere(name)
    if (known !== undefined) options[name] = { type: known.takesValue ? 'string' : 'boolean' }
  }
  // Programs in Go take long names behind one dash, too; here it would be read letter by letter.
  const short = argv.filter((word) => Object.hasOwn(options, SHORT.exec(word)?.[1] ?? ''))
  const isOurs = (word: string): boolean => elsewhere(nameOf(word)) === undefined || byName.has(nameOf(word))
  mistakes.push(...short.filter(isOurs).map((word) => `${word.split('=')[0]}: expected two dashes, -${word.split('=')[0]}`))
  const args = argv.flatMap((word) => (short.includes(word) ? (isOurs(word) ? [] : [`-${word}`]) : [word]))
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true })
  const given = new Map<string, string>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const one = byName.get(token.name)
    const other = ignored.get(token.name)
    if (one === undefined && other !== undefined) warnings.push(`--${token.name} has no effect: ${other.reason}`)
    else if (one === undefined) {
      const here = elsewhere(token.name)?.here
      mistakes.push(`${token.rawName}: unknown flag${here === undefined ? suggestion(token.name, [...byName.keys()]) : `: ${here}`}`)
    } else if (token.value === undefined && one.type !== 'bool') mistakes.push(`--${token.name}: expected a value`)
    else given.set(token.name, token.value ?? 'true')
  }
  return { given, positionals }
}

/** Where the commands that ask a service find it: who has learned one name uses it with another command. */
const ADDRESS_NAMES = ['agent', 'url', 'status.http.host-port']

/** The known name that means the same elsewhere, or differs least, when it is close enough to be what was meant. */
function suggestion(name: string, known: readonly string[]): string {
  const same = ADDRESS_NAMES.includes(name) ? known.find((candidate) => ADDRESS_NAMES.includes(candidate)) : undefined
  if (same !== undefined) return `, did you mean --${same}?`
  const nearest = nearestName(name, known)
  return nearest === undefined ? '' : `, did you mean --${nearest}?`
}
