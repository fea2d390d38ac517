/** One flag, declared once in the folder that uses it: parser, environment name, --help and docs/flags.md come from it. */
export type Flag<T> = {
  readonly help: string
  readonly default: T
  /** How the default is shown; '' shows none. */
  readonly defaultText: string
  /** `string`, `duration`, `bytes`, …: shown in --help. A `bool` may stand without a value. */
  readonly type: string
  /** Turns the text of a flag or variable into its value; throws an Error saying what was expected. */
  readonly parse: (text: string) => T
  /** Never shown: logs, pages and errors print `***`. */
  readonly secret?: boolean
  /** Accepted because Clymene accepts it, though it does nothing here: the reason, printed as a warning when given. */
  readonly noEffect?: string
  /** Another name that is read too (no warning), for instance the original's capital letters. */
  readonly alias?: string
}

// `any`, so that Flag<string> and Flag<number> fit one record; FlagValues gives the exact types back.
// oxlint-disable-next-line typescript/no-explicit-any
export type FlagSet = Readonly<Record<string, Flag<any>>>
export type FlagValues<F extends FlagSet> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never }
