import { compileRegex } from '@clymene/regex'
import { parser } from '@grafana/lezer-logql'

import { unquoteGo } from '../go-string.ts'
import type { LabelSet } from '../label-set.ts'
import { compileLinePattern } from './line-pattern.ts'

/** Whether an entry with these labels and this line is selected. */
export type Selector = (labels: LabelSet, line: string) => boolean

type SyntaxNode = ReturnType<typeof parser.parse>['topNode']

/**
 * Compiles a stream selector with line filters, such as `{app="x", ns=~"a|b"} |= "err" !~ "dbg"`. Regular expressions of
 * labels have to match the whole value, those of filters a part of the line.
 *
 * @throws Error saying what is wrong where, or what is LogQL but neither selector nor line filter.
 * @see https://grafana.com/docs/loki/latest/query/log_queries/
 */
export function parseSelector(text: string): Selector {
  const query = new Query(text)
  const labels = query.matchers()
  const lines = query.filters()
  return (labelSet, line) => labels.every((matches) => matches(labelSet)) && lines.every((passes) => passes(line))
}

/**
 * The grammar takes labels that are named like keywords (`json`, `on`) or like what every object inherits (`constructor`)
 * for something else. It gets to see names as x, the text itself has the same positions.
 */
const LABEL_NAME = /(?<![\\\w])[A-Za-z_]\w*(?=\s*(?:=|!=|!~))/g

/** A parsed query: a class, since every step needs the text. */
class Query {
  readonly #text: string
  readonly #selector: SyntaxNode
  /** Pipeline stages, in order. */
  readonly #stages: readonly SyntaxNode[]

  constructor(text: string) {
    this.#text = text
    const tree = parser.parse(text.replaceAll(LABEL_NAME, (name) => 'x'.repeat(name.length)))
    this.#checkSyntax(tree.topNode)
    const expression = tree.topNode.getChild('Expr')?.firstChild
    if (expression?.name !== 'LogExpr') {
      throw new Error(`${JSON.stringify(text)} is no stream selector with line filters: metric queries cannot select lines`)
    }
    this.#selector = this.#one(expression, 'Selector')
    this.#stages = descendants(expression, 'PipelineStage')
  }

  matchers(): readonly ((labels: LabelSet) => boolean)[] {
    return descendants(this.#selector, 'Matcher').map((matcher) => {
      const name = this.#source(this.#one(matcher, 'Identifier'))
      const value = unquoteGo(this.#source(this.#one(matcher, 'String')))
      const operator = this.#source(this.#one(matcher, 'Identifier').nextSibling ?? matcher)
      const isNegative = operator.startsWith('!')
      const test = operator.endsWith('~') ? compileRegex(value, { anchored: true }).test : (given: string): boolean => given === value
      return (labels) => test(labels.get(name)) !== isNegative
    })
  }

  filters(): readonly ((line: string) => boolean)[] {
    for (const stage of this.#stages) {
      if (stage.firstChild?.name === 'LineFilters') continue
      throw new Error(`${JSON.stringify(this.#source(stage))} at position ${stage.from} is no line filter: stages do such things here`)
    }
    return this.#stages.flatMap((stage) => descendants(stage, 'LineFilter')).map((filter) => this.#filter(filter))
  }

  #filter(filter: SyntaxNode): (line: string) => boolean {
    const [functionName] = descendants(filter, 'FilterOp')
    if (functionName !== undefined) {
      throw new Error(
        `${JSON.stringify(`${this.#source(functionName)}()`)} at position ${functionName.from} is not supported in a line filter`,
      )
    }
    const operator = this.#source(this.#one(filter, 'Filter'))
    // `!= "a" or "b"` wants neither.
    const tests = descendants(filter, 'String').map((node) => lineTest(operator.slice(1), unquoteGo(this.#source(node))))
    const isNegative = operator.startsWith('!')
    return (line) => tests.some((test) => test(line)) !== isNegative
  }

  #checkSyntax(top: SyntaxNode): void {
    const cursor = top.cursor()
    do {
      if (!cursor.type.isError || this.#isEmptySelector(cursor.node)) continue
      const found = this.#text.slice(cursor.from, cursor.from + 20)
      throw new Error(
        `${JSON.stringify(this.#text)} is no LogQL, at position ${cursor.from}: ${found === '' ? 'unexpected end' : `unexpected ${JSON.stringify(found)}`}`,
      )
    } while (cursor.next())
  }

  /** `{}` selects everything; Loki refuses it only in queries, and so does the grammar. */
  #isEmptySelector({ parent }: SyntaxNode): boolean {
    return parent?.name === 'Selector' && /^\{\s*\}$/.test(this.#source(parent).trim())
  }

  #one(parent: SyntaxNode, name: string): SyntaxNode {
    const [node] = descendants(parent, name)
    if (node === undefined) throw new Error(`${JSON.stringify(this.#source(parent))}: expected ${name}`)
    return node
  }

  #source(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to)
  }
}

/** @param operator what follows `|` or `!`. */
function lineTest(operator: string, text: string): (line: string) => boolean {
  if (operator === '~') return compileRegex(text).test
  if (operator === '>') return compileLinePattern(text)
  return (line) => line.includes(text)
}

/** The nodes of that name below `node`, in order. */
function descendants(node: SyntaxNode, name: string): readonly SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name === name) found.push(child)
    found.push(...descendants(child, name))
  }
  return found
}
