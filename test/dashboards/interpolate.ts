/** What is chosen for a variable; `expression` instead of the values where all are chosen and the board says what that means. */
export type Chosen = { readonly values: readonly string[]; readonly multi: boolean; readonly expression?: string }

/** Durations for Grafana's own variables, by name without `$`. */
export type Durations = Readonly<Record<'__rate_interval' | '__interval' | '__range' | '__auto', string>>

const REFERENCE = /\$(?:\{(\w+)(?::(\w+))?\}|(\w+))|\[\[(\w+)(?::(\w+))?\]\]/g

/**
 * A text with its variables filled in as Grafana does it: of several values a regular expression is made, of one the
 * plain value, unless `${x:format}` asks for regex, raw, pipe, csv or queryparam.
 *
 * @throws Error when a variable or a format is not known.
 */
export function interpolate(text: string, chosen: ReadonlyMap<string, Chosen>, durations: Durations): string {
  return text.replaceAll(REFERENCE, (whole, braced, format, plain, bracketed, bracketedFormat) => {
    const name: string = braced ?? plain ?? bracketed
    if (isDuration(name, durations)) return durations[name]
    const choice = chosen.get(name)
    if (choice === undefined) throw new Error(`${whole} is no variable of the board`)
    return formatted(choice, name, format ?? bracketedFormat ?? (choice.multi ? 'regex' : 'raw'))
  })
}

/** Names of variables in a text, Grafana's own (`__…`) aside. */
export const variablesIn = (text: string): readonly string[] =>
  [...text.matchAll(REFERENCE)].flatMap(([, braced, , plain, bracketed]) => {
    const name = braced ?? plain ?? bracketed ?? ''
    return name.startsWith('__') ? [] : [name]
  })

const isDuration = (name: string, durations: Durations): name is keyof Durations => Object.hasOwn(durations, name)

function formatted({ values, expression }: Chosen, name: string, format: string): string {
  if (format === 'queryparam') return values.map((value) => `var-${name}=${encodeURIComponent(value)}`).join('&')
  if (expression !== undefined) return expression
  switch (format) {
    case 'regex':
      return values.length === 1 ? escapeRegex(values.join('')) : `(${values.map(escapeRegex).join('|')})`
    case 'raw':
    case 'csv':
      return values.join(',')
    case 'pipe':
      return values.join('|')
    default:
      throw new Error(`\${${name}:${format}}: the format ${format} is not known here`)
  }
}

/** It stands in a quoted string, where each backslash is written twice. */
const escapeRegex = (value: string): string => value.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\\$&`)
