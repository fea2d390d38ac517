/**
 * What the boards need of each exporter, read from their queries: `node test/dashboards/needed-metrics.ts` prints it as a table.
 */
import { readBoards, shownPanels } from './board-files.ts'
import { parseQuery } from './query-syntax.ts'
import { labelValuesOf } from './variable-query.ts'

export type NeededMetric = {
  readonly name: string
  readonly exporter: 'node-exporter' | 'kube-state-metrics' | 'cAdvisor' | 'kubelet' | 'Clymene'
  /** Labels that queries match, group or join by; those that the agent itself adds (`cluster`, `instance`) included. */
  readonly labels: readonly string[]
  /** Values that queries name, by label: `resource` → `cpu`, `memory`. */
  readonly values: ReadonlyMap<string, readonly string[]>
}

const EXPORTERS: readonly (readonly [prefix: string, exporter: NeededMetric['exporter']])[] = [
  ['node_', 'node-exporter'],
  ['kube_', 'kube-state-metrics'],
  ['container_', 'cAdvisor'],
  ['kubelet_', 'kubelet'],
  ['clymene_', 'Clymene'],
  ['nodejs_', 'Clymene'],
  ['process_', 'Clymene'],
  // Of every scrape.
  ['up', 'Clymene'],
  ['scrape_', 'Clymene'],
]

/** Sorted by name. */
export function neededMetrics(): readonly NeededMetric[] {
  const labels = new Map<string, Set<string>>()
  const values = new Map<string, Map<string, Set<string>>>()
  for (const { expression, label } of expressions()) {
    for (const { metric, matchers, groupedBy } of parseQuery('PromQL', expression).selectors) {
      const known = labels.get(metric) ?? new Set()
      labels.set(metric, known)
      for (const name of [...matchers.map((matcher) => matcher.label), ...groupedBy, ...label]) known.add(name)
      for (const { label: name, operator, value } of matchers) {
        if (value.includes('$') || value === '' || operator.startsWith('!')) continue
        const ofMetric = values.get(metric) ?? new Map<string, Set<string>>()
        values.set(metric, ofMetric)
        const ofLabel = ofMetric.get(name) ?? new Set()
        ofMetric.set(name, ofLabel)
        for (const one of value.split('|')) ofLabel.add(one)
      }
    }
  }
  return [...labels.keys()].toSorted().map((name) => ({
    name,
    exporter: exporterOf(name),
    labels: [...(labels.get(name) ?? [])].toSorted(),
    values: new Map([...(values.get(name) ?? [])].map(([label, found]) => [label, [...found].toSorted()])),
  }))
}

const expressions = (): readonly { readonly expression: string; readonly label: readonly string[] }[] =>
  [...readBoards().values()].flatMap((board) => [
    ...board.templating.list.flatMap((variable) => {
      const asked = labelValuesOf(variable)
      return asked?.source === 'prometheus' ? [{ expression: asked.selector, label: [asked.label] }] : []
    }),
    ...shownPanels(board).flatMap(({ targets = [] }) =>
      targets.filter(({ datasource }) => datasource?.type === 'prometheus').map(({ expr }) => ({ expression: expr, label: [] })),
    ),
  ])

function exporterOf(name: string): NeededMetric['exporter'] {
  const found = EXPORTERS.find(([prefix]) => name.startsWith(prefix))
  if (found === undefined) throw new Error(`${name}: no exporter is known for it`)
  return found[1]
}

if (import.meta.main) {
  for (const { name, exporter, labels, values } of neededMetrics()) {
    const named = labels.map((label) => (values.has(label) ? `${label}=${values.get(label)?.join('|')}` : label))
    process.stdout.write(`${exporter.padEnd(18)} ${name} {${named.join(', ')}}\n`)
  }
}
