import type { TargetGroup } from '@clymene/model'

export type Groups = ReadonlyMap<string, TargetGroup>

export const groupsByName = (groups: Iterable<TargetGroup>): Groups => new Map(Array.from(groups, (group) => [group.source, group]))

/** Groups that are new or different, and those that are gone, with no targets. */
export function changedGroups(before: Groups, after: Groups): readonly TargetGroup[] {
  const changes: TargetGroup[] = []
  for (const group of before.values()) if (!after.has(group.source)) changes.push({ ...group, targets: [] })
  for (const group of after.values()) {
    const old = before.get(group.source)
    if (old === undefined || !isSame(old, group)) changes.push(group)
  }
  return changes
}

/** Targets in the same order. */
const isSame = (one: TargetGroup, other: TargetGroup): boolean =>
  one.targets.length === other.targets.length &&
  hasSameLabels(one.labels, other.labels) &&
  one.targets.every((target, index) => hasSameLabels(target, other.targets[index] ?? NONE))

const NONE: ReadonlyMap<string, string> = new Map()

function hasSameLabels(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false
  for (const [name, value] of one) if (other.get(name) !== value) return false
  return true
}
