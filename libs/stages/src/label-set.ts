import { type Label, type Labels, sortedLabels } from '@clymene/model'

/**
 * The labels of an entry, never changed: a stage that sets a label moves the entry to another set. The same step from the
 * same set leads to the same object, so the sets of a million lines are the few objects of their streams, and whoever
 * gathers streams can go by identity: 10 ns a line, against 1.5 µs to sort and join eight labels.
 */
export type LabelSet = {
  readonly labels: Labels
  /** '' when the label is not there. */
  readonly get: (name: string) => string
  /** This set with the label set to `value`; '' takes it away. */
  readonly with: (name: string, value: string) => LabelSet
}

/** Steps that one set remembers. A label of a thousand values is no label of a stream: forgetting costs time, not truth. */
const MAX_STEPS = 1000

/** Every file has some sets: they share their pairs, and what few of them need is made when it is asked for. */
export function createLabelSet(labels: Iterable<Label>): LabelSet {
  return fromSorted(sortedLabels(new Map(labels)))
}

function fromSorted(sorted: Labels): LabelSet {
  let values: ReadonlyMap<string, string> | undefined
  let steps: Map<string, Map<string, LabelSet>> | undefined
  let known = 0

  const get = (name: string): string => {
    values ??= new Map(sorted)
    return values.get(name) ?? ''
  }
  const step = (name: string, value: string): LabelSet => {
    // Asked for once, on the way to the set that lines have.
    values = undefined
    if (++known > MAX_STEPS) {
      steps?.clear()
      known = 1
    }
    const target = fromSorted(sortedLabels([...sorted.filter(([other]) => other !== name), [name, value]]))
    steps ??= new Map()
    const targets = steps.get(name) ?? new Map<string, LabelSet>()
    steps.set(name, targets.set(value, target))
    return target
  }

  const self: LabelSet = {
    labels: sorted,
    get,
    with: (name, value) => {
      const target = steps?.get(name)?.get(value)
      if (target !== undefined) return target
      return get(name) === value ? self : step(name, value)
    },
  }
  return self
}
