/** One call that asks for an own metric, as the source text says it. */
export type MetricCall = {
  readonly file: string
  readonly line: number
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** A part that only the run knows stands as `<parameter>`. */
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

const CALL = /\.\s*(counter|gauge|histogram)\s*\(/g
/** `const name = (rest: string): string => `clymene_${component}_${rest}``: how a file puts names together. */
const NAMER = /const (\w+) = \((\w+): string\): string => `([^`]*)`/g

/**
 * Every `….counter(name, help, labels?)`, gauge and histogram in a TypeScript source. Arguments are literals, sums of literals,
 * or calls of a function of the same file that returns one template. A call with one argument that is none of these makes no own metric.
 *
 * @throws Error naming file and line of a call that cannot be read: better than one that is missing.
 */
export function metricCalls(file: string, source: string): readonly MetricCall[] {
  const code = withoutComments(source)
  const namers = new Map([...code.matchAll(NAMER)].map(([, name = '', parameter = '', template = '']) => [name, { parameter, template }]))
  return [...code.matchAll(CALL)].flatMap((match) => {
    const line = code.slice(0, match.index).split('\n').length
    const args = argumentsAt(code, match.index + match[0].length)
    // A metric of a user's: a stage is given it whole.
    if (args.length === 1 && /^[a-z{]/i.test(args[0] ?? '')) return []
    const name = textOf(args[0], namers)
    const help = textOf(args[1], namers)
    const labels = args[2] === undefined ? [] : listOf(args[2])
    if (name === undefined || help === undefined || labels === undefined)
      throw new Error(`${file}:${line}: expected a metric of literals (name, help, labels), found (${args.slice(0, 3).join(', ')})`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the expression has these three words only
    return [{ file, line, type: match[1] as MetricCall['type'], name, help, labels }]
  })
}

type Namers = ReadonlyMap<string, { readonly parameter: string; readonly template: string }>

const LITERAL = /^(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\$]|\\.)*)`)$/s
const NAMER_CALL = /^(\w+)\(('[^']*')\)$/

function textOf(argument: string | undefined, namers: Namers): string | undefined {
  const parts = splitAt(argument ?? '', '+').map((part) => {
    const call = NAMER_CALL.exec(part)
    const namer = namers.get(call?.[1] ?? '')
    if (call === null || namer === undefined) return literalOf(part)
    const rest = literalOf(call[2] ?? '')
    return rest === undefined
      ? undefined
      : namer.template.replaceAll(/\$\{(\w+)\}/g, (_, inner: string) => (inner === namer.parameter ? rest : `<${inner}>`))
  })
  return parts.length === 0 || parts.includes(undefined) ? undefined : parts.join('')
}

function literalOf(text: string): string | undefined {
  const match = LITERAL.exec(text)
  const inner = match?.[1] ?? match?.[2] ?? match?.[3]
  return inner?.replaceAll(/\\(.)/gs, '$1')
}

function listOf(text: string): readonly string[] | undefined {
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined
  const items = splitAt(text.slice(1, -1), ',').map(literalOf)
  return items.includes(undefined) ? undefined : items.filter((item) => item !== undefined)
}

/** The arguments of a call whose bracket was opened just before `from`. */
function argumentsAt(code: string, from: number): readonly string[] {
  let depth = 1
  let at = from
  while (at < code.length && depth > 0) {
    const next = afterToken(code, at)
    if (next === at + 1) depth += DEPTH[code[at] ?? ''] ?? 0
    at = next
  }
  return splitAt(code.slice(from, at - 1), ',')
}

const DEPTH: Readonly<Record<string, number>> = { '(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1 }

/** Parts between separators that stand in no bracket and no text; without blanks around them and without empty ones. */
function splitAt(text: string, separator: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length;) {
    const next = afterToken(text, at)
    if (next === at + 1) depth += DEPTH[text[at] ?? ''] ?? 0
    if (depth === 0 && text[at] === separator && next === at + 1) {
      parts.push(text.slice(start, at))
      start = next
    }
    at = next
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== '')
}

/** Behind the text that begins at `at`, else behind the character there. */
function afterToken(code: string, at: number): number {
  const quote = code[at]
  if (quote !== "'" && quote !== '"' && quote !== '`') return at + 1
  for (let end = at + 1; end < code.length; end++) {
    if (code[end] === '\\') end++
    else if (code[end] === quote) return end + 1
    // A quote in a regular expression begins no text.
    else if (code[end] === '\n' && quote !== '`') return at + 1
  }
  return at + 1
}

/** Comments become blanks, so that lines and positions stay. */
function withoutComments(source: string): string {
  let code = ''
  for (let at = 0; at < source.length;) {
    const comment = /^(?:\/\/[^\n]*|\/\*.*?\*\/)/s.exec(
      source.slice(at, at + 2) === '//' || source.slice(at, at + 2) === '/*' ? source.slice(at) : '',
    )
    const next = comment === null ? afterToken(source, at) : at + comment[0].length
    code += comment === null ? source.slice(at, next) : source.slice(at, next).replaceAll(/[^\n]/g, ' ')
    at = next
  }
  return code
}
