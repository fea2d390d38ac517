import type { Command, Operand, Pipe } from './ast.ts'
import { TemplateSyntaxError, type Token, unquote } from './lexer.ts'

/** What may be named in a pipeline. */
export type Names = {
  /** Variables in scope; what a pipeline declares is added. */
  readonly variables: string[]
  /** @throws Error when no function of that name is offered. */
  readonly checkFunction: (name: string) => void
}

/** Parentheses in one another. */
const MAX_DEPTH = 50

/**
 * Reads `$x := head args | command args…` from tokens `from` to the last.
 *
 * @throws TemplateSyntaxError
 */
export function parsePipe(tokens: readonly Token[], from: number, end: number, names: Names, isRange: boolean): Pipe {
  let index = from
  let depth = 0

  const positionNow = (): number => tokens[index]?.position ?? end
  const isSign = (text: string, at = index): boolean => tokens[at]?.kind === 'sign' && tokens[at].text === text
  const fail = (): never => {
    const token = tokens[index]
    throw new TemplateSyntaxError(token === undefined ? 'a value is missing' : `unexpected ${JSON.stringify(token.text)}`, positionNow())
  }

  const readDeclaration = (): Pick<Pipe, 'variables' | 'declares'> => {
    const [first, , third] = tokens.slice(index, index + 3)
    if (first?.kind !== 'variable') return { variables: [], declares: false }
    const isPair = isRange && isSign(',', index + 1) && third?.kind === 'variable'
    const sign = index + (isPair ? 3 : 1)
    const declares = isSign(':=', sign)
    if (!declares && !isSign('=', sign)) return { variables: [], declares: false }
    const variables = [first.text, ...(isPair ? [third.text] : [])]
    if (!declares) for (const name of variables) checkVariable(name, first.position)
    index = sign + 1
    return { variables, declares }
  }
  const checkVariable = (name: string, position: number): void => {
    if (!names.variables.includes(name)) throw new TemplateSyntaxError(`undefined variable ${name}`, position)
  }

  const readPipe = (): Pipe => {
    const declaration = readDeclaration()
    const commands = [readCommand()]
    while (isSign('|')) {
      index++
      const command = readCommand()
      if (command.head.kind === 'constant') throw new TemplateSyntaxError('after | stands a function', command.position)
      commands.push(command)
    }
    if (declaration.declares) names.variables.push(...declaration.variables)
    return { ...declaration, commands }
  }
  const readCommand = (): Command => {
    const position = positionNow()
    const head = readOperand()
    if (head.kind === 'constant' && head.value === undefined) throw new TemplateSyntaxError('nil is no value to print', position)
    const args: Operand[] = []
    while (index < tokens.length && !isSign('|') && !isSign(')')) {
      if (tokens[index]?.spaced !== true) fail()
      args.push(readOperand())
    }
    if (args.length > 0 && head.kind !== 'call') throw new TemplateSyntaxError('only a function takes arguments', position)
    return { head, args, position }
  }
  const readOperand = (): Operand => {
    const token = tokens[index]
    if (token === undefined) return fail()
    if (isSign('(')) return readParentheses(token)
    if (token.kind === 'sign') return fail()
    index++
    if (token.kind === 'string') return { kind: 'constant', value: token.text }
    if (token.kind === 'character') return { kind: 'constant', value: BigInt(unquote(token.text, token.position).codePointAt(0) ?? 0) }
    if (token.kind === 'number') return { kind: 'constant', value: numberOf(token) }
    if (token.kind === 'word') return readWord(token)
    if (token.kind === 'field') return { kind: 'dot', path: token.text === '.' ? [] : readPath([token.text.slice(1)]) }
    checkVariable(token.text, token.position)
    return { kind: 'variable', name: token.text, path: readPath([]) }
  }
  const readWord = (token: Token): Operand => {
    if (token.text === 'true' || token.text === 'false') return { kind: 'constant', value: token.text === 'true' }
    if (token.text === 'nil') return { kind: 'constant', value: undefined }
    try {
      names.checkFunction(token.text)
    } catch (error) {
      throw new TemplateSyntaxError(error instanceof Error ? error.message : String(error), token.position)
    }
    return { kind: 'call', name: token.text }
  }
  const readParentheses = (open: Token): Operand => {
    if (++depth > MAX_DEPTH) throw new TemplateSyntaxError(`more than ${MAX_DEPTH} parentheses in one another`, open.position)
    index++
    const pipe = readPipe()
    if (!isSign(')')) throw new TemplateSyntaxError('( without )', open.position)
    index++
    depth--
    return { kind: 'pipe', pipe, path: readPath([]) }
  }
  /** Fields right behind: `.a.b`. */
  const readPath = (path: string[]): readonly string[] => {
    for (let next = tokens[index]; next?.kind === 'field' && !next.spaced && next.text !== '.'; next = tokens[index]) {
      path.push(next.text.slice(1))
      index++
    }
    return path
  }

  const pipe = readPipe()
  if (index < tokens.length) fail()
  return pipe
}

/** A number with a point or an exponent is a float64, any other an int. A leading 0 means octal. */
function numberOf({ text, position }: Token): bigint | number {
  const plain = text.replaceAll('_', '')
  if (/^[+-]?\d*\.|^[+-]?\d+[eE]/.test(plain)) return Number(plain)
  const negative = plain.startsWith('-')
  const digits = plain.replace(/^[+-]/, '').replace(/^0(?=\d)/, '0o')
  try {
    const value = BigInt(digits)
    return negative ? -value : value
  } catch {
    throw new TemplateSyntaxError(`${JSON.stringify(text)} is no number`, position)
  }
}
