export type TokenKind =
  | 'name'
  | 'quoted'
  | 'literal'
  | 'number'
  | 'dot'
  | 'star'
  | 'flatten'
  | 'filter'
  | 'comma'
  | 'colon'
  | 'pipe'
  | 'or'
  | 'and'
  | 'not'
  | 'reference'
  | 'current'
  | 'compare'
  | '('
  | ')'
  | '['
  | ']'
  | '{'
  | '}'
  | 'end'

export type Token = {
  readonly kind: TokenKind
  /** What stands there; of a quoted name the name. */
  readonly text: string
  /** Of a literal. */
  readonly value: unknown
  readonly position: number
}

/** The expression is none, or names a function that there is not. */
export class JmespathSyntaxError extends Error {
  override readonly name = 'JmespathSyntaxError'

  constructor(expression: string, position: number, reason: string) {
    super(`${JSON.stringify(expression)} at position ${position}: ${reason}`)
  }
}

const SIGNS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ['.', 'dot'],
  ['*', 'star'],
  ['[]', 'flatten'],
  ['[?', 'filter'],
  [',', 'comma'],
  [':', 'colon'],
  ['|', 'pipe'],
  ['||', 'or'],
  ['&&', 'and'],
  ['!', 'not'],
  ['&', 'reference'],
  ['@', 'current'],
  ...(['(', ')', '[', ']', '{', '}'] as const).map((sign) => [sign, sign] as const),
  ...['<', '<=', '>', '>=', '==', '!='].map((sign) => [sign, 'compare'] as const),
])
const TOKEN =
  /[ \t\r\n]*(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<number>-?\d+)|(?<quoted>"(?:[^"\\]|\\.)*")|(?<raw>'(?:[^'\\]|\\.)*')|(?<literal>`(?:[^`\\]|\\.)*`)|(?<sign>\[\]|\[\?|\|\||&&|[<>=!]=|[.*,:|!&@()[\]{}<>]))/suy
const SPACES = /[ \t\r\n]*$/y

/** @throws JmespathSyntaxError */
export function tokenize(expression: string): readonly Token[] {
  const tokens: Token[] = []
  let position = 0
  for (;;) {
    SPACES.lastIndex = position
    if (SPACES.test(expression)) return [...tokens, { kind: 'end', text: '', value: undefined, position: expression.length }]
    TOKEN.lastIndex = position
    const match = TOKEN.exec(expression)
    if (match === null)
      throw new JmespathSyntaxError(expression, position, 'expected a key, a "quoted key", [0], *, a function or a literal')
    const text = match[0].trimStart()
    const at = TOKEN.lastIndex - text.length
    tokens.push(readToken(match.groups ?? {}, text, at, expression))
    position = TOKEN.lastIndex
  }
}

function readToken(groups: Readonly<Record<string, string | undefined>>, text: string, position: number, expression: string): Token {
  if (groups['name'] !== undefined) return { kind: 'name', text, value: undefined, position }
  if (groups['number'] !== undefined) return { kind: 'number', text, value: Number(text), position }
  if (groups['raw'] !== undefined) return { kind: 'literal', text, value: text.slice(1, -1).replaceAll(String.raw`\'`, "'"), position }
  const kind = SIGNS.get(text)
  if (kind !== undefined) return { kind, text, value: undefined, position }
  try {
    if (groups['quoted'] !== undefined) return { kind: 'quoted', text: String(JSON.parse(text)), value: undefined, position }
    return { kind: 'literal', text, value: JSON.parse(text.slice(1, -1).replaceAll('\\`', '`')), position }
  } catch {
    throw new JmespathSyntaxError(expression, position, `${text} holds no JSON`)
  }
}
