/** One label. `__proto__` is a legal name, so labels are never the keys of a plain object. */
export type Label = readonly [name: string, value: string]

/** The labels of a series or stream: sorted by name (UTF-16 code units), names unique, no empty value. */
export type Labels = readonly Label[]

/** Labels on their way through discovery and relabelling, in no order. */
export type LabelMap = Map<string, string>

/** Sorts, drops empty values and freezes the order: the form that is sent. */
export function sortedLabels(labels: Iterable<Label>): Labels {
  return [...labels].filter(([, value]) => value !== '').toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** The value of `name`, or '' as Prometheus reads a label that is not there. */
export function labelValue(labels: Labels, name: string): string {
  for (const [candidate, value] of labels) if (candidate === name) return value
  return ''
}
