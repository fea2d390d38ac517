import type { Command, Node, Operand, Pipe } from './ast.ts'
import type { TemplateFunction } from './functions.ts'
import { isList, isMap, isTrue, kindOf, print, TemplateError, type Value } from './value.ts'

/** What a template can name. */
export type TemplateFields = {
  /** `.name`; undefined when there is none. */
  readonly get: (name: string) => Value
  /** All of them: only asked for by templates that use the dot as a whole. */
  readonly all: () => ReadonlyMap<string, Value>
}

/**
 * Steps of one run: a template whose loops follow a line's content ends all the same. A call takes one more for every
 * {@link STEP_SIZE} characters or items that go in and come out, and for each list of a list that it makes, so that steps stand
 * for time: all of them for half a second.
 */
const MAX_STEPS = 100_000
const STEP_SIZE = 128
/** Items of a list, entries of a map. */
const MAX_ITEMS = 10_000
/** Those in one another: a list that holds another twice, which holds another twice, soon has more than can be written or compared. */
const MAX_NESTED = 100_000

type Scope = { readonly variables: { name: string; value: Value | typeof ROOT }[]; dot: Value | typeof ROOT }

/** The dot of the template as a whole: {@link TemplateFields}. */
const ROOT = Symbol('root')
type Block = Extract<Node, { readonly body: unknown }>
type Outcome = 'done' | 'break' | 'continue'

/**
 * Runs a template.
 *
 * @param limit longest text, in UTF-16 units, of the result and of every value.
 * @throws TemplateError when a function refuses its arguments, or a limit is passed.
 */
export function runTemplate(
  nodes: readonly Node[],
  fields: TemplateFields,
  functions: ReadonlyMap<string, TemplateFunction>,
  limit: number,
): string {
  let out = ''
  let steps = 0
  const scope: Scope = { variables: [{ name: '$', value: ROOT }], dot: ROOT }

  const write = (text: string): void => {
    out += text
    if (out.length > limit) throw new TemplateError(`the result is longer than ${limit} characters`)
  }
  const step = (count = 1): void => {
    steps += count
    if (steps > MAX_STEPS) throw new TemplateError(`more than ${MAX_STEPS} steps`)
  }
  const plain = (value: Value | typeof ROOT): Value => (value === ROOT ? fields.all() : value)

  const run = (list: readonly Node[]): Outcome => {
    const before = scope.variables.length
    for (const node of list) {
      const outcome = runNode(node)
      if (outcome === 'done') continue
      scope.variables.length = before
      return outcome
    }
    scope.variables.length = before
    return 'done'
  }
  const runNode = (node: Node): Outcome => {
    step()
    if (node.kind === 'text') {
      write(node.text)
      return 'done'
    }
    if (!('pipe' in node)) return node.kind
    if (node.kind === 'action') {
      const value = evaluate(node.pipe)
      if (node.pipe.variables.length === 0) write(print(value))
      return 'done'
    }
    const before = scope.variables.length
    const outcome = node.kind === 'range' ? runRange(node.pipe, node.body, node.otherwise) : runChoice(node)
    scope.variables.length = before
    return outcome
  }
  const runChoice = ({ kind, pipe, body, otherwise }: Block): Outcome => {
    const value = evaluate(pipe)
    if (!isTrue(value)) return run(otherwise)
    return kind === 'with' ? within(value, () => run(body)) : run(body)
  }
  const within = <T>(dot: Value, call: () => T): T => {
    const before = scope.dot
    scope.dot = dot
    const result = call()
    scope.dot = before
    return result
  }
  const runRange = (pipe: Pipe, body: readonly Node[], otherwise: readonly Node[]): Outcome => {
    const items = itemsOf(commandsOf(pipe))
    const before = scope.variables.length
    let count = 0
    for (const [key, element] of items) {
      step()
      count++
      const [first, second] = pipe.variables
      if (first !== undefined) assign(first, second === undefined ? element : key, pipe.declares)
      if (second !== undefined) assign(second, element, pipe.declares)
      const outcome = within(element, () => run(body))
      scope.variables.length = before
      if (outcome === 'break') break
    }
    return count === 0 ? run(otherwise) : 'done'
  }
  const assign = (name: string, value: Value, declares: boolean): void => {
    const known = declares ? undefined : scope.variables.findLast((variable) => variable.name === name)
    if (known === undefined) scope.variables.push({ name, value })
    else known.value = value
  }

  /** The value of a pipeline, given to the variable that it names. */
  const evaluate = (pipe: Pipe): Value => {
    const value = commandsOf(pipe)
    for (const name of pipe.variables) assign(name, value, pipe.declares)
    return value
  }
  const commandsOf = (pipe: Pipe): Value => {
    let value: Value
    for (const [index, command] of pipe.commands.entries()) value = runCommand(command, index > 0, value)
    return value
  }
  const runCommand = ({ head, args }: Command, piped: boolean, last: Value): Value => {
    if (head.kind !== 'call') {
      if (piped) throw new TemplateError('after | stands a function')
      return operand(head)
    }
    // and, or: the rest is not looked at once the answer is known.
    if (head.name === 'and' || head.name === 'or') return runLogic(head.name, args, piped ? [last] : [])
    const values = args.map(operand)
    if (piped) values.push(last)
    return call(head.name, values)
  }
  const runLogic = (name: 'and' | 'or', args: readonly Operand[], more: readonly Value[]): Value => {
    if (args.length + more.length === 0) throw new TemplateError(`${name}: needs an argument`)
    let value: Value
    for (const arg of args) {
      value = operand(arg)
      if (isTrue(value) === (name === 'or')) return value
    }
    return more.length > 0 ? more[0] : value
  }
  const call = (name: string, values: readonly Value[]): Value => {
    const found = functions.get(name)
    if (found === undefined) throw new TemplateError(`no function ${name}`)
    step(values.reduce((sum: number, value) => sum + sizeOf(value) / STEP_SIZE, 1))
    const result = found(values, limit)
    const size = sizeOf(result)
    step(size / STEP_SIZE + newIn(result))
    if (size > (typeof result === 'string' ? limit : MAX_ITEMS) || nestedIn(result) > MAX_NESTED)
      throw new TemplateError(`${name}: the result is too long`)
    return result
  }
  const operand = (one: Operand): Value => {
    if (one.kind === 'constant') return one.value
    if (one.kind === 'dot') return follow(scope.dot, one.path)
    if (one.kind === 'call') return call(one.name, [])
    if (one.kind === 'pipe') return follow(evaluate(one.pipe), one.path)
    return follow(scope.variables.findLast(({ name }) => name === one.name)?.value, one.path)
  }
  const follow = (start: Value | typeof ROOT, path: readonly string[]): Value => {
    const [first, ...rest] = path
    if (first === undefined) return plain(start)
    return rest.reduce(fieldOf, start === ROOT ? fields.get(first) : fieldOf(start, first))
  }

  run(nodes)
  return out
}

function fieldOf(value: Value, name: string): Value {
  if (isMap(value)) return value.get(name)
  if (value === undefined) return undefined
  throw new TemplateError(`.${name} of ${kindOf(value)}`)
}

function* itemsOf(value: Value): Generator<readonly [key: Value, element: Value]> {
  if (value === undefined) return
  if (isList(value)) for (const [index, element] of value.entries()) yield [BigInt(index), element]
  else if (isMap(value)) for (const key of [...value.keys()].toSorted((a, b) => (a < b ? -1 : 1))) yield [key, value.get(key)]
  else if (typeof value === 'bigint') for (let index = 0n; index < value; index++) yield [index, index]
  else throw new TemplateError(`range over ${kindOf(value)}`)
}

/** Lists and maps in a list that no call gave before, as of `chunk`: each takes as long as a call. */
const newIn = (value: Value): number => (isList(value) ? value.filter((one) => (isList(one) || isMap(one)) && !nested.has(one)).length : 0)

const nested = new WeakMap<object, number>()

/** All values in a value, and it: each list and each map is counted once. */
function nestedIn(value: Value): number {
  if (!isList(value) && !isMap(value)) return 1
  const known = nested.get(value)
  if (known !== undefined) return known
  let sum = 1
  for (const one of value.values()) sum += nestedIn(one)
  nested.set(value, sum)
  return sum
}

/** Characters of a text, items of a list, entries of a map. */
function sizeOf(value: Value): number {
  if (typeof value === 'string' || isList(value)) return value.length
  return isMap(value) ? value.size : 1
}
