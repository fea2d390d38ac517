import { GO_ESCAPES } from '../../go-string.ts'
import { isList, isMap, kindOf, printFloat, printNested, TemplateError, type Value } from '../value.ts'

const VERB = /%(?<flags>[-+# 0]*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d+)?)?(?<verb>[^]?)/gu

/**
 * Go's Sprintf for the verbs that make sense of texts, numbers and lists: `%v %s %q %d %b %o %x %X %c %U %e %f %g %t %T %%`, with
 * flags, width and precision. What does not fit is shown the way Go shows it: `%!d(string=x)`.
 *
 * @see https://pkg.go.dev/fmt
 */
export function printf(format: string, args: readonly Value[], limit: number): string {
  let used = 0
  const sizeOf = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined
    const size = text === '*' ? Number(args[used++]) : Number(text)
    if (!(Math.abs(size) <= limit)) throw new TemplateError(`printf: longer than ${limit} characters`)
    return size
  }
  const text = format.replaceAll(VERB, (...match) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the last argument is the named groups
    const groups = match.at(-1) as Readonly<Record<string, string | undefined>>
    const { flags = '', verb = '' } = groups
    if (verb === '%') return '%'
    const hasPrecision = match[0].includes('.')
    const width = sizeOf(groups['width'])
    const precision = sizeOf(groups['precision']) ?? (hasPrecision ? 0 : undefined)
    if (verb === '') return '%!(NOVERB)'
    if (used >= args.length) return `%!${verb}(MISSING)`
    return pad(verbText(verb, args[used++], flags, precision), flags, width ?? 0, verb)
  })
  if (used >= args.length) return text
  const extra = args.slice(used).map((value) => (value === undefined ? '<nil>' : `${kindOf(value)}=${printNested(value)}`))
  return `${text}%!(EXTRA ${extra.join(', ')})`
}

function verbText(verb: string, value: Value, flags: string, precision: number | undefined): string {
  const wrong = `%!${verb}(${value === undefined ? '<nil>' : `${kindOf(value)}=${printNested(value)}`})`
  if (verb === 'T') return value === undefined ? '<nil>' : kindOf(value)
  if (verb === 'v') return typeof value === 'bigint' || typeof value === 'number' ? signed(printNested(value), flags) : printNested(value)
  if (isList(value)) return `[${value.map((item) => verbText(verb, item, flags, precision)).join(' ')}]`
  if (isMap(value)) return wrong
  if (typeof value === 'boolean') return verb === 't' ? String(value) : wrong
  if (typeof value === 'string') return stringText(verb, value, flags, precision) ?? wrong
  if (typeof value === 'bigint') return integerText(verb, value, flags) ?? wrong
  if (typeof value === 'number') return floatText(verb, value, flags, precision) ?? wrong
  return wrong
}

function stringText(verb: string, value: string, flags: string, precision: number | undefined): string | undefined {
  const text = precision === undefined ? value : Array.from(value).slice(0, precision).join('')
  if (verb === 's') return text
  if (verb === 'q') return flags.includes('#') && !text.includes('`') ? `\`${text}\`` : quoted(text)
  if (verb !== 'x' && verb !== 'X') return undefined
  const hex = Buffer.from(text).toString('hex')
  return verb === 'x' ? hex : hex.toUpperCase()
}

const BASES: ReadonlyMap<string, readonly [base: number, prefix: string]> = new Map([
  ['d', [10, '']],
  ['b', [2, '0b']],
  ['o', [8, '0']],
  ['x', [16, '0x']],
  ['X', [16, '0X']],
])

function integerText(verb: string, value: bigint, flags: string): string | undefined {
  const code = value >= 0n && value <= 0x10_ff_ffn ? Number(value) : 0xff_fd
  if (verb === 'c') return String.fromCodePoint(code)
  if (verb === 'q') return `'${String.fromCodePoint(code)}'`
  if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`
  const [base, prefix] = BASES.get(verb) ?? []
  if (base === undefined) return undefined
  const digits = (value < 0n ? -value : value).toString(base)
  const text = `${flags.includes('#') ? prefix : ''}${verb === 'X' ? digits.toUpperCase() : digits}`
  return signed(value < 0n ? `-${text}` : text, flags)
}

function floatText(verb: string, value: number, flags: string, precision: number | undefined): string | undefined {
  if (!Number.isFinite(value)) return 'eEfFgG'.includes(verb) ? signed(printFloat(value).replace(/^\+/, ''), flags) : undefined
  const digits = Math.min(precision ?? 6, 100)
  const exponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2')
  if (verb === 'f' || verb === 'F') return signed(value.toFixed(digits), flags)
  if (verb === 'e' || verb === 'E') {
    const text = exponent(value.toExponential(digits))
    return signed(verb === 'E' ? text.toUpperCase() : text, flags)
  }
  if (verb !== 'g' && verb !== 'G') return undefined
  const text = precision === undefined ? printFloat(value) : exponent(String(Number(value.toPrecision(Math.max(digits, 1)))))
  return signed(verb === 'G' ? text.toUpperCase() : text, flags)
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text
}

function pad(text: string, flags: string, width: number, verb: string): string {
  const missing = Math.abs(width) - Array.from(text).length
  if (missing <= 0) return text
  if (flags.includes('-') || width < 0) return text + ' '.repeat(missing)
  if (!flags.includes('0') || 'vtTcU'.includes(verb)) return ' '.repeat(missing) + text
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  return 'sq'.includes(verb) ? '0'.repeat(missing) + text : sign + '0'.repeat(missing) + text.slice(sign.length)
}

const ESCAPES: ReadonlyMap<string, string> = new Map([...GO_ESCAPES].map(([letter, plain]) => [plain, `\\${letter}`]))

/** A text as a Go string literal: `strconv.Quote`. */
export function quoted(text: string): string {
  const escaped = text.replaceAll(/["\\\p{C}\p{Z}]/gu, (found) => {
    if (found === ' ') return found
    const simple = ESCAPES.get(found)
    const code = found.codePointAt(0) ?? 0
    if (simple !== undefined) return simple
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code > 0xff_ff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}
