import { shownValue } from './shown-labels.ts'

/** `+ app="shop"`, `- pod="a"` or `~ job="a" → "b"` of each label that a step sets, removes or changes, by name, without secrets. */
export function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const changed: string[] = []
  for (const [name, value] of after) if ((before.get(name) ?? '') !== value) changed.push(name)
  for (const name of before.keys()) if (!after.has(name)) changed.push(name)
  return changed
    .toSorted()
    .map((name) => formatChange(name, shownValue(name, before.get(name) ?? ''), shownValue(name, after.get(name) ?? '')))
}

function formatChange(name: string, from: string, to: string): string {
  if (from === '') return `+ ${name}=${JSON.stringify(to)}`
  if (to === '') return `- ${name}=${JSON.stringify(from)}`
  return `~ ${name}=${JSON.stringify(from)} → ${JSON.stringify(to)}`
}
