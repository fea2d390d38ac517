/** Who uses what: which groups have to be made anew when something changes. */
export type Uses = {
  readonly usersOf: (used: string) => Iterable<string>
  /** What `user` uses now, in place of what it used before. */
  readonly set: (user: string, used: readonly string[]) => void
  /** How many are used, and how many use something. */
  readonly sizes: () => readonly [used: number, users: number]
}

export function createUses(): Uses {
  const usersOf = new Map<string, Set<string>>()
  const usedBy = new Map<string, readonly string[]>()
  return {
    usersOf: (used) => usersOf.get(used) ?? [],
    set: (user, used) => {
      for (const one of usedBy.get(user) ?? []) {
        const users = usersOf.get(one)
        users?.delete(user)
        if (users?.size === 0) usersOf.delete(one)
      }
      if (used.length === 0) usedBy.delete(user)
      else usedBy.set(user, used)
      for (const one of used) {
        const users = usersOf.get(one)
        if (users === undefined) usersOf.set(one, new Set([user]))
        else users.add(user)
      }
    },
    sizes: () => [usersOf.size, usedBy.size],
  }
}
