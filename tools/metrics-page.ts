import { metricCalls, type MetricCall } from './metric-calls.ts'

export type Metric = Pick<MetricCall, 'name' | 'type' | 'help' | 'labels'>

/** What stands for a part of a name that only the run knows. */
const PARTS: ReadonlyMap<string, readonly string[]> = new Map([['component', ['buffer', 'bus']]])

/** `clymene_<component>_<noun>_<unit>[_total]`, as the style of the repository has it. */
const NAME = /^clymene(_[a-z][a-z0-9]*)+$/

/**
 * All own metrics of these sources, by name.
 *
 * @throws Error with every metric whose name is not of the form, that has no help, or that two places declare differently.
 */
export function readMetrics(sources: readonly { readonly file: string; readonly text: string }[]): readonly Metric[] {
  const mistakes: string[] = []
  const byName = new Map<string, MetricCall>()
  // The builders themselves pass on what they are given.
  for (const { file, text } of sources.filter((one) => one.file !== 'libs/runtime/src/metrics.ts')) {
    for (const call of metricCalls(file, text).flatMap(expanded)) {
      const place = `${call.file}:${call.line}: ${call.name}`
      const before = byName.get(call.name)
      if (!NAME.test(call.name)) mistakes.push(`${place}: expected clymene_<component>_<noun>_<unit>`)
      if ((call.type === 'counter') !== call.name.endsWith('_total'))
        mistakes.push(`${place}: a counter ends with _total, and nothing else does`)
      if (call.help.trim() === '') mistakes.push(`${place}: expected a help text`)
      if (before !== undefined && shapeOf(before) !== shapeOf(call)) mistakes.push(`${place}: differs from ${before.file}:${before.line}`)
      byName.set(call.name, before ?? call)
    }
  }
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
  return [...byName.values()]
    .map(({ name, type, help, labels }) => ({ name, type, help, labels }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const shapeOf = ({ type, help, labels }: Metric): string => JSON.stringify([type, help, labels.toSorted()])

function expanded(call: MetricCall): readonly MetricCall[] {
  const part = /<(\w+)>/.exec(call.name)
  const values = PARTS.get(part?.[1] ?? '')
  return part === null || values === undefined ? [call] : values.map((value) => ({ ...call, name: call.name.replace(part[0], value) }))
}

const INTRODUCTION = `# Own metrics

Made by \`npm run docs\` from the sources; do not edit.

Every service serves them on its admin port under \`--metrics-http-route\` (default \`/metrics\`), beside \`process_*\` and \`nodejs_*\` of
the runtime. A metric is there once the part of the service that counts it runs.`

/** The metrics as a page, a table for each component. */
export function metricsPage(metrics: readonly Metric[]): string {
  const components = Map.groupBy(metrics, ({ name }) => name.split('_')[1] ?? '')
  const tables = [...components].map(([component, rows]) =>
    [`## ${component}`, '', '| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows.map(rowOf)].join('\n'),
  )
  return `${[INTRODUCTION, ...tables].join('\n\n')}\n`
}

const rowOf = ({ name, type, labels, help }: Metric): string =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help.replaceAll('|', String.raw`\|`)} |`
