import { DecodeError, type Labels, sortedLabels } from '@clymene/model'

/** `{a="b", c="d"}`: the text by which Loki and Promtail know a stream. Sorted by name, values quoted as Go's `%q` does. */
export function formatStreamLabels(labels: Labels): string {
  return `{${sortedLabels(labels)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join(', ')}}`
}

/**
 * Reads a LogQL selector of equality matchers. A value stands in double quotes with Go's escapes or in back quotes; a name may be
 * anything that needs no quotes (`#` begins a comment in LogQL: none is read). Empty values are dropped.
 *
 * @throws DecodeError with the position in the text, in UTF-16 code units.
 */
export function parseStreamLabels(text: string): Labels {
  const labels = new Map<string, string>()
  let position = skipSpace(text, 0)
  const expect = (token: string, where: string): void => {
    if (!text.startsWith(token, position)) throw new DecodeError(`stream labels: expected ${where}`, position)
    position = skipSpace(text, position + token.length)
  }
  expect('{', '"{"')
  while (text[position] !== '}') {
    if (labels.size > 0) expect(',', '"," or "}"')
    if (text[position] === '}') break
    const start = position
    const name = matchAt(NAME, text, position)
    if (name === undefined) throw new DecodeError('stream labels: expected a label name', position)
    position = skipSpace(text, position + name.length)
    expect('=', '"="')
    const quoted = quotedAt(text, position)
    if (quoted === undefined) throw new DecodeError('stream labels: expected a quoted value', position)
    if (labels.has(name)) throw new DecodeError(`stream labels: ${name} comes twice`, start)
    labels.set(name, unquote(quoted, position))
    position = skipSpace(text, position + quoted.length)
  }
  expect('}', '"}"')
  if (position < text.length) throw new DecodeError('stream labels: expected the end after "}"', position)
  return sortedLabels(labels)
}

const NAME = /[^\s"'`=~!{},#]+/y
const SPACE = /\s*/y

const skipSpace = (text: string, position: number): number => position + (matchAt(SPACE, text, position) ?? '').length

function matchAt(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position
  return pattern.exec(text)?.[0]
}

/** The quoted text that begins at `start`, quotes included. A loop: a pattern would overflow its stack on a text of megabytes. */
function quotedAt(text: string, start: number): string | undefined {
  const mark = text[start]
  if (mark !== '"' && mark !== '`') return undefined
  for (let position = start + 1; position < text.length; position++) {
    const character = text[position]
    if (character === mark) return text.slice(start, position + 1)
    if (mark === '`') continue
    if (character === '\n') return undefined
    if (character === '\\') position++
  }
  return undefined
}

/** Nearly every value needs no escape. */
const PLAIN = /^[ !#-[\]-~]*$/
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u
const SHORT_ESCAPES = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
])

/** strconv.Quote of Go: what is not printable becomes `\x00`, `\u0000` or `\U00000000`. */
function quote(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`
  const quoted = Array.from(value.toWellFormed(), (character) => {
    const short = SHORT_ESCAPES.get(character)
    if (short !== undefined) return short
    if (PRINTABLE.test(character)) return character
    const code = character.codePointAt(0) ?? 0
    const hex = code.toString(16)
    if (code < 0x20 || code === 0x7f) return `\\x${hex.padStart(2, '0')}`
    return code < 0x1_0000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
  })
  return `"${quoted.join('')}"`
}

const LONG_ESCAPES = new Map([...SHORT_ESCAPES].map(([character, escape]) => [escape, character]))
const ESCAPE = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gsu

/** strconv.Unquote of Go. `\x` and octal escapes name bytes in Go; what is not ASCII among them is read as a code point here. */
function unquote(quoted: string, position: number): string {
  const inner = quoted.slice(1, -1)
  if (quoted.startsWith('`') || !inner.includes('\\')) return inner
  return inner.replaceAll(ESCAPE, (escape, offset: number) => {
    const short = LONG_ESCAPES.get(escape)
    if (short !== undefined) return short
    const octal = /^\\[0-7]{3}$/.test(escape)
    const code = octal ? Number.parseInt(escape.slice(1), 8) : Number.parseInt(escape.slice(2), 16)
    if (Number.isNaN(code) || escape.length < 4 || code > 0x10_ffff) {
      throw new DecodeError(`stream labels: unknown escape ${escape}`, position + 1 + offset)
    }
    return String.fromCodePoint(code)
  })
}
