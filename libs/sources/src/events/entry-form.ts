import type { Label } from '@clymene/model'

export type EntryForm = 'text' | 'json'

/** A longer message is cut, in UTF-16 units: structured metadata of 64 KiB is what Loki takes. */
const MAX_MESSAGE = 8192

export const cutMessage = (message: string): string => {
  if (message.length <= MAX_MESSAGE) return message
  return `${message.slice(0, MAX_MESSAGE).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** `name=value` pairs as Loki's `| logfmt` reads them: values with anything beside plain characters in quotes. What is '' is left out. */
export const textLine = (pairs: readonly Label[]): string =>
  pairs
    .flatMap(([name, value]) => (value === '' ? [] : [`${name}=${/^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)}`]))
    .join(' ')

/** All pairs as a JSON object; names in `numbers` as numbers. What is '' is left out. */
export const jsonLine = (pairs: readonly Label[], numbers: ReadonlySet<string>): string =>
  `{${pairs.flatMap(([name, value]) => (value === '' ? [] : [`${JSON.stringify(name)}:${numbers.has(name) ? value : JSON.stringify(value)}`])).join(',')}}`
