import type { Flag } from '@clymene/model'

type Options = { readonly secret?: boolean; readonly noEffect?: string; readonly alias?: string }

const declare = <T>(type: string, fallback: string, help: string, parse: (text: string) => T, options: Options): Flag<T> => ({
  ...options,
  type,
  help,
  parse,
  default: parse(fallback),
  defaultText: fallback,
})

/** Builders of flags. Defaults are given as text and go through the flag's own parser, so a default is always legal. */
export const flag = {
  string: (fallback: string, help: string, options: Options = {}): Flag<string> =>
    declare('string', fallback, help, (text) => text, options),
  /** Never printed. Beside `--x` a service declares `--x-file` by {@link flag.file}. */
  secret: (help: string, options: Options = {}): Flag<string> => declare('string', '', help, (text) => text, { ...options, secret: true }),
  /** A path; '' is none. The file is not read here: `followFile` does that when it is used. */
  file: (fallback: string, help: string, options: Options = {}): Flag<string> => declare('path', fallback, help, (text) => text, options),
  bool: (fallback: boolean, help: string, options: Options = {}): Flag<boolean> =>
    declare('bool', String(fallback), help, parseBool, options),
  int: (fallback: number, help: string, options: Options & { readonly min?: number; readonly max?: number } = {}): Flag<number> => {
    const { min = 0, max = Number.MAX_SAFE_INTEGER, ...rest } = options
    return declare('int', String(fallback), help, (text) => parseInteger(text, min, max), rest)
  },
  number: (fallback: number, help: string, options: Options & { readonly min?: number; readonly max?: number } = {}): Flag<number> => {
    const { min = 0, max = Number.MAX_VALUE, ...rest } = options
    return declare('number', String(fallback), help, (text) => parseNumber(text, min, max), rest)
  },
  /** Value in milliseconds. */
  duration: (fallback: string, help: string, { minMs = 0, ...options }: Options & { readonly minMs?: number } = {}): Flag<number> =>
    declare('duration', fallback, help, (text) => atLeast(parseDuration(text), minMs, 'ms'), options),
  /** Value in bytes. */
  bytes: (fallback: string, help: string, { min = 0, ...options }: Options & { readonly min?: number } = {}): Flag<number> =>
    declare('bytes', fallback, help, (text) => atLeast(parseBytes(text), min, min === 1 ? ' byte' : ' bytes'), options),
  url: (fallback: string, help: string, options: Options = {}): Flag<URL> => declare('url', fallback, help, parseUrl, options),
  /** Comma list; blanks around items and empty items are removed. */
  list: (fallback: string, help: string, options: Options = {}): Flag<readonly string[]> =>
    declare('list', fallback, help, parseList, options),
  /** `name=value,name2=value2`. */
  pairs: (fallback: string, help: string, options: Options = {}): Flag<readonly (readonly [string, string])[]> =>
    declare('pairs', fallback, help, parsePairs, options),
  /** `:15610`, `15610`, `host:15610`, `[::1]:15610`; a bare port listens on every address. */
  address: (fallback: string, help: string, options: Options = {}): Flag<Address> =>
    declare('address', fallback, help, parseAddress, options),
  oneOf: <const T extends string>(allowed: readonly T[], fallback: NoInfer<T>, help: string, options: Options = {}): Flag<T> =>
    declare<T>('string', fallback, `${help} (one of ${allowed.join(', ')})`, (text) => parseChoice(allowed, text), options),
}

export type Address = { readonly host: string; readonly port: number }

export const formatAddress = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

function parseBool(text: string): boolean {
  // The words of Go's strconv.ParseBool, which the original's users type.
  if (['true', 't', '1', 'TRUE', 'True', 'T'].includes(text)) return true
  if (['false', 'f', '0', 'FALSE', 'False', 'F', ''].includes(text)) return false
  throw new Error('expected true or false')
}

function parseInteger(text: string, min: number, max: number): number {
  const value = Number(text)
  if (!/^[+-]?\d+$/.test(text) || value < min || value > max) throw new Error(`expected a whole number ${range(min, max)}`)
  return value
}

function parseNumber(text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value) || value < min || value > max) throw new Error(`expected a number ${range(min, max)}`)
  return value
}

function atLeast(value: number, min: number, unit: string): number {
  if (value < min) throw new Error(`expected at least ${min}${unit}`)
  return value
}

const range = (min: number, max: number): string => (max >= Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `between ${min} and ${max}`)

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/** Go's and Prometheus' durations to milliseconds: `500ms`, `1m30s`, `1.5h`, `7d`, `0`. */
export function parseDuration(text: string): number {
  if (text === '0') return 0
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w|y)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new Error('expected a duration such as 500ms, 10s or 1m30s')
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ''] ?? 0), 0)
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  tib: 1024 ** 4,
}

/** `65536`, `64KiB`, `64MB` to bytes; as in Prometheus every unit is a power of 1024. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text)
  const unit = UNIT_BYTES[match?.[2]?.toLowerCase() ?? '?']
  if (match === null || unit === undefined) throw new Error('expected a size such as 65536, 512KiB or 64MiB')
  return Math.round(Number(match[1]) * unit)
}

export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error('expected an absolute URL such as http://host:port/path')
  }
  return url
}

const parseList = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const parsePairs = (text: string): readonly (readonly [string, string])[] =>
  parseList(text).map((item) => {
    const at = item.indexOf('=')
    if (at < 1) throw new Error(`expected name=value, found "${item}"`)
    return [item.slice(0, at), item.slice(at + 1)] as const
  })

export function parseAddress(text: string): Address {
  const match = /^(?:(?<host>[^:[\]]*|\[[0-9a-fA-F:.]+\]):)?(?<port>\d{1,5})$/.exec(text)
  const port = Number(match?.groups?.['port'])
  if (match === null || port > 65_535) throw new Error('expected host:port, :port or port')
  return { host: (match.groups?.['host'] ?? '').replaceAll(/[[\]]/g, ''), port }
}

function parseChoice<T extends string>(allowed: readonly T[], text: string): T {
  const match = allowed.find((value) => value === text)
  if (match === undefined) throw new Error(`expected one of ${allowed.join(', ')}`)
  return match
}
