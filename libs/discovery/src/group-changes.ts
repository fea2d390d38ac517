import type { TargetGroup } from '@clymene/model'

export type Groups = ReadonlyMap<string, TargetGroup>

export const groupsByName = (groups: Iterable<TargetGroup>): Groups => new Map([...groups].map((group) => [group.source, group]))

/** Groups that are new or different, and those that are gone, with no targets. */
export function changedGroups(before: Groups, after: Groups): readonly TargetGroup[] {
  const gone = [...before.values()].filter(({ source }) => !after.has(source)).map((group) => ({ ...group, targets: [] }))
  const changed = [...after.values()].filter((group) => {
    const old = before.get(group.source)
    return old === undefined || content(old) !== content(group)
  })
  return [...gone, ...changed]
}

const content = ({ targets, labels }: TargetGroup): string => JSON.stringify([targets.map((target) => [...target]), [...labels]])
