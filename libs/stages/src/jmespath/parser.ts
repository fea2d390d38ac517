import * as make from './evaluate.ts'
import { type Argument, type Evaluate, same } from './evaluate.ts'
import { JmespathSyntaxError, type Token, tokenize, type TokenKind } from './tokens.ts'

/** How strongly what follows binds to what stands before it. */
const POWERS: ReadonlyMap<TokenKind, number> = new Map([
  ['pipe', 1],
  ['or', 2],
  ['and', 3],
  ['compare', 5],
  ['flatten', 9],
  ['star', 20],
  ['filter', 21],
  ['dot', 40],
  ['not', 45],
  ['{', 50],
  ['[', 55],
  ['(', 60],
])
/** Below this a projection ends. */
const PROJECTION_STOP = 10
const MAX_DEPTH = 100

/**
 * Compiles an expression of JMESPath.
 *
 * @throws JmespathSyntaxError
 * @see https://jmespath.org/specification.html
 */
export function compileJmespath(expression: string): Evaluate {
  const tokens = tokenize(expression)
  let at = 0
  let depth = 0

  const peek = (ahead = 0): Token => tokens[at + ahead] ?? { kind: 'end', text: '', value: undefined, position: expression.length }
  const next = (): Token => {
    const token = peek()
    at++
    return token
  }
  const fail = (reason: string, token = peek()): never => {
    throw new JmespathSyntaxError(expression, token.position, reason)
  }
  const unexpected = (token: Token): never => fail(token.kind === 'end' ? 'it ends too early' : `unexpected ${token.text}`, token)
  const take = (kind: TokenKind): Token => (peek().kind === kind ? next() : unexpected(peek()))
  const power = (): number => POWERS.get(peek().kind) ?? 0

  const parse = (least: number): Evaluate => {
    if (++depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} expressions in one another`)
    let left = parseStart()
    while (least < power()) left = parseRest(left)
    depth--
    return left
  }

  const parseParentheses = (): Evaluate => {
    const inner = parse(0)
    take(')')
    return inner
  }
  const starts: Readonly<Partial<Record<TokenKind, (token: Token) => Evaluate>>> = {
    name: (token) => (peek().kind === '(' ? parseCall(token) : make.field(token.text)),
    quoted: (token) => (peek().kind === '(' ? fail('a quoted name is no function') : make.field(token.text)),
    literal: (token) => () => token.value,
    current: () => same,
    star: () => make.projection(make.objectValues, parseProjected(20)),
    flatten: () => make.projection(make.flatten, parseProjected(9)),
    filter: () => parseFilter(same),
    not: () => make.not(parse(45)),
    '{': () => parseHash(),
    '[': () => parseBracket(),
    '(': () => parseParentheses(),
  }
  const parseStart = (): Evaluate => {
    const token = next()
    return starts[token.kind]?.(token) ?? unexpected(token)
  }
  const rests: Readonly<Partial<Record<TokenKind, (left: Evaluate, token: Token) => Evaluate>>> = {
    dot: (left) => {
      if (peek().kind !== 'star') return make.chain(left, parseAfterDot(40))
      next()
      return make.projection(make.chain(left, make.objectValues), parseProjected(20))
    },
    pipe: (left) => make.chain(left, parse(1)),
    or: (left) => make.or(left, parse(2)),
    and: (left) => make.and(left, parse(3)),
    compare: (left, token) => make.compare(token.text, left, parse(5)),
    flatten: (left) => make.projection(make.chain(left, make.flatten), parseProjected(9)),
    filter: (left) => parseFilter(left),
    '[': (left) => (peek().kind === 'number' || peek().kind === 'colon' ? parseIndex(left) : parseStarIn(left)),
  }
  const parseRest = (left: Evaluate): Evaluate => {
    const token = next()
    return rests[token.kind]?.(left, token) ?? unexpected(token)
  }

  /** `[0]`, `[1:2]`, `[*]`, or a list of expressions. */
  const parseBracket = (): Evaluate => {
    if (peek().kind === 'number' || peek().kind === 'colon') return parseIndex(same)
    return peek().kind === 'star' && peek(1).kind === ']' ? parseStarIn(same) : parseList()
  }
  const parseStarIn = (left: Evaluate): Evaluate => {
    take('star')
    take(']')
    return make.projection(left, parseProjected(20))
  }
  const parseIndex = (left: Evaluate): Evaluate => {
    const parts: (number | undefined)[] = [undefined]
    let colons = 0
    while (peek().kind !== ']') {
      const token = next()
      if (token.kind === 'colon' && colons < 2) {
        colons++
        parts.push(undefined)
      } else if (token.kind === 'number' && parts[colons] === undefined) parts[colons] = Number(token.text)
      else unexpected(token)
    }
    take(']')
    const [start, stop, step = 1] = parts
    if (colons === 0) return make.chain(left, make.index(start ?? 0))
    if (step === 0) return fail('the step of a slice must not be 0')
    return make.projection(make.chain(left, make.slice(start, stop, step)), parseProjected(20))
  }
  const parseFilter = (left: Evaluate): Evaluate => {
    const condition = parse(0)
    take(']')
    const right = peek().kind === 'flatten' ? same : parseProjected(21)
    return make.projection(make.chain(left, make.filter(condition)), right)
  }
  /** What is applied to each item. */
  const parseProjected = (binding: number): Evaluate => {
    const { kind } = peek()
    if (power() < PROJECTION_STOP) return same
    if (kind === '[' || kind === 'filter') return parse(binding)
    if (kind !== 'dot') return unexpected(peek())
    next()
    return parseAfterDot(binding)
  }
  const parseAfterDot = (binding: number): Evaluate => {
    const { kind } = peek()
    if (kind === 'name' || kind === 'quoted' || kind === 'star') return parse(binding)
    if (kind === '[') {
      next()
      return parseList()
    }
    if (kind !== '{') return unexpected(peek())
    next()
    return parseHash()
  }

  const parseList = (): Evaluate => {
    const items = [parse(0)]
    while (peek().kind === 'comma') {
      next()
      items.push(parse(0))
    }
    take(']')
    return make.multiSelectList(items)
  }
  const parseHash = (): Evaluate => {
    const items: (readonly [string, Evaluate])[] = []
    do {
      if (items.length > 0) take('comma')
      const key = peek().kind === 'quoted' ? next() : take('name')
      take('colon')
      items.push([key.text, parse(0)])
    } while (peek().kind !== '}')
    take('}')
    return make.multiSelectHash(items)
  }
  const parseCall = (name: Token): Evaluate => {
    take('(')
    const args: Argument[] = []
    while (peek().kind !== ')') {
      if (args.length > 0) take('comma')
      const isReference = peek().kind === 'reference'
      if (isReference) next()
      args.push({ evaluate: parse(0), isReference })
    }
    take(')')
    try {
      return make.call(name.text, args)
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error), name)
    }
  }

  const evaluate = parse(0)
  return peek().kind === 'end' ? evaluate : unexpected(peek())
}
