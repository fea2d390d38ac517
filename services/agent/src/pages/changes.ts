import type { Labels } from '@clymene/model'

/** A label that a step sets (`from` is '' when it is new) or removes (`to` is ''). */
export type LabelChange = { readonly name: string; readonly from: string; readonly to: string }

/** What differs between two sets of labels, by name. */
export function changesBetween(before: Labels, after: Labels): readonly LabelChange[] {
  const [from, to] = [new Map(before), new Map(after)]
  return [...new Set([...from.keys(), ...to.keys()])]
    .toSorted()
    .map((name) => ({ name, from: from.get(name) ?? '', to: to.get(name) ?? '' }))
    .filter((change) => change.from !== change.to)
}

/** `+ app="shop"`, `- pod="a"` or `~ job="a" → "b"`. */
export function formatChange({ name, from, to }: LabelChange): string {
  if (from === '') return `+ ${name}=${JSON.stringify(to)}`
  if (to === '') return `- ${name}=${JSON.stringify(from)}`
  return `~ ${name}=${JSON.stringify(from)} → ${JSON.stringify(to)}`
}
