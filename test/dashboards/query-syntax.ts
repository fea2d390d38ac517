import { parser as logql } from '@grafana/lezer-logql'
import { parser as promql } from '@prometheus-io/lezer-promql'

export type Language = 'PromQL' | 'LogQL'

export type Selector = {
  /** Empty in LogQL. */
  readonly metric: string
  readonly matchers: readonly Matcher[]
  /** Labels by which what is around it groups or joins. */
  readonly groupedBy: readonly string[]
}

export type Matcher = { readonly label: string; readonly operator: string; readonly value: string }

export type ParsedQuery = {
  /** Where the text is no query, with what stands there. */
  readonly errors: readonly string[]
  readonly selectors: readonly Selector[]
  /** What stands in `[…]`, with Grafana's variables as they were. */
  readonly ranges: readonly string[]
}

// A grammar takes durations only: each variable is one that no board has.
const STAND_INS = new Map([
  ['$__rate_interval', '90001s'],
  ['$__interval', '90002s'],
  ['$__range', '90003s'],
  ['$__auto', '90004s'],
])

type Node = ReturnType<typeof promql.parse>['topNode']

/** By the grammars that Prometheus and Grafana publish for their editors. They know no types: `rate(foo)` is fine for them. */
export function parseQuery(language: Language, expression: string): ParsedQuery {
  let text = expression
  for (const [variable, duration] of STAND_INS) text = text.replaceAll(variable, duration)
  const variableOf = new Map([...STAND_INS].map(([variable, duration]) => [duration, variable]))

  const errors: string[] = []
  const selectors: Selector[] = []
  const ranges: string[] = []
  const textOf = (node: Node): string => text.slice(node.from, node.to)

  const tree = (language === 'PromQL' ? promql : logql).parse(text)
  tree.iterate({
    enter: ({ type, node }) => {
      if (type.isError) errors.push(`at ${node.from}: ${JSON.stringify(text.slice(node.from, node.from + 20))}`)
      else if (type.name === 'VectorSelector') selectors.push(readSelector(node, textOf))
      else if (type.name === 'Selector') selectors.push(readSelector(node, textOf))
      else if (type.name === 'DurationExpr' || type.name === 'Duration') ranges.push(variableOf.get(textOf(node)) ?? textOf(node))
    },
  })
  return { errors, selectors, ranges }
}

function readSelector(selector: Node, textOf: (node: Node) => string): Selector {
  const name = selector.getChild('Identifier')
  const matchers = inside(selector, ['UnquotedLabelMatcher', 'Matcher']).map((matcher) => {
    const [label, operator, value] = [matcher.firstChild, matcher.firstChild?.nextSibling, matcher.lastChild]
    return { label: partOf(label, textOf), operator: partOf(operator, textOf), value: partOf(value, textOf).slice(1, -1) }
  })
  return { metric: name === null ? '' : textOf(name), matchers, groupedBy: groupedBy(selector, textOf) }
}

const partOf = (node: Node | null | undefined, textOf: (node: Node) => string): string => (node ? textOf(node) : '')

/** Nodes of these names below one, of which none is in another. */
const inside = (node: Node, names: readonly string[]): readonly Node[] =>
  childrenOf(node).flatMap((child) => (names.includes(child.name) ? [child] : inside(child, names)))

function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child)
  return children
}

/** Labels of `by (…)` and `on (…)` of everything that the selector stands in. */
function groupedBy(selector: Node, textOf: (node: Node) => string): readonly string[] {
  const labels = new Set<string>()
  for (let around = selector.parent; around !== null; around = around.parent) {
    for (const modifier of [around.getChild('AggregateModifier'), around.getChild('MatchingModifierClause')]) {
      const grouping = modifier?.getChild('GroupingLabels')
      for (const label of grouping ? inside(grouping, ['LabelName']) : []) labels.add(textOf(label))
    }
  }
  return [...labels]
}
