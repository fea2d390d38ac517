/** An anchored pattern that plain string operations answer. */
export type Shortcut = {
  readonly test: (text: string) => boolean
  /** The whole pattern is one capturing group. */
  readonly grouped: boolean
}

/**
 * Recognises the patterns that make up most relabelling rules: `literal`, `a|b|c`, `.*`, `.+`, `prefix.*`, `.+suffix`,
 * `.*part.*`, each also as one group `(…)`. Undefined for everything else: the engine answers.
 *
 * Per call on one core: 10–25 ns by string operations, 250–570 ns by the engine (0.8–1.5 µs with groups).
 */
export function findShortcut(pattern: string): Shortcut | undefined {
  const grouped = pattern.startsWith('(') && pattern.endsWith(')')
  const body = grouped ? pattern.slice(1, -1) : pattern
  const test = literals(body) ?? sandwich(body)
  return test === undefined ? undefined : { test, grouped }
}

type Test = (text: string) => boolean

// A plain character, or a backslash before ASCII punctuation.
const LITERAL = String.raw`(?:[^\\.+*?()|[\]{}^$]|\\[!-/:-@[-^{-~\x60])*`
const LITERALS = new RegExp(String.raw`^${LITERAL}(?:\|${LITERAL})*$`)
const SANDWICH = new RegExp(String.raw`^(\.[*+])?(${LITERAL})(\.[*+])?$`)

function literals(body: string): Test | undefined {
  if (!LITERALS.test(body)) return undefined
  const texts = splitAlternatives(body).map(unescape)
  const [first = ''] = texts
  if (texts.length === 1) return (text) => text === first
  const known = new Set(texts)
  return (text) => known.has(text)
}

/** Splits at `|`, not at `\|`. */
function splitAlternatives(body: string): readonly string[] {
  const alternatives = ['']
  for (const [piece] of body.matchAll(/\\.|[^\\|]+|\|/gs)) {
    if (piece === '|') alternatives.push('')
    else alternatives.push(`${alternatives.pop() ?? ''}${piece}`)
  }
  return alternatives
}

function sandwich(body: string): Test | undefined {
  const match = SANDWICH.exec(body)
  if (match === null) return undefined
  const [, before, escaped = '', after] = match
  const literal = unescape(escaped)
  const head = before === '.+' ? 1 : 0
  const tail = after === '.+' ? 1 : 0
  const shortest = head + literal.length + tail
  if (literal === '') return before !== undefined && after !== undefined ? undefined : (text) => text.length >= shortest
  if (before === undefined) return (text) => text.length >= shortest && text.startsWith(literal)
  if (after === undefined) return (text) => text.length >= shortest && text.endsWith(literal)
  return (text) => {
    const found = text.indexOf(literal, head)
    return found !== -1 && found + literal.length + tail <= text.length
  }
}

const unescape = (literal: string): string => literal.replaceAll(/\\(.)/g, '$1')
