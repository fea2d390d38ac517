/** What keeps a process from being ready, by name: `bus`, `storage loki`, `config`. Health tells the truth from it. */
export type Readiness = {
  /** Sets or, with undefined, clears a reason. */
  readonly set: (name: string, reason: string | undefined) => void
  /** Adds a reason that is asked for at each look. */
  readonly watch: (name: string, reason: () => string | undefined) => void
  /** Adds a remark that is asked for at each look: somebody should know it, but work goes on. */
  readonly remark: (name: string, remark: () => string | undefined) => void
  readonly stopping: () => void
  readonly remarks: () => readonly string[]
  readonly reasons: () => readonly string[]
  /** When it became ready, milliseconds since the epoch; undefined while it is not. */
  readonly upSinceMs: () => number | undefined
}

export function createReadiness(now: () => number = Date.now): Readiness {
  const fixed = new Map<string, string>([['start', 'starting']])
  const watched = new Map<string, () => string | undefined>()
  const remarked = new Map<string, () => string | undefined>()
  let since: number | undefined
  const reasons = (): readonly string[] => {
    const all = [...fixed, ...[...watched].flatMap(([name, ask]) => pair(name, ask()))].map(([name, reason]) => `${name}: ${reason}`)
    if (all.length > 0) since = undefined
    else since ??= now()
    return all
  }
  return {
    set: (name, reason) => {
      if (reason === undefined) fixed.delete(name)
      else fixed.set(name, reason)
      // Looks now: what nobody asks for for a while is ready since it became so, not since it was asked.
      reasons()
    },
    watch: (name, reason) => void watched.set(name, reason),
    remark: (name, remark) => void remarked.set(name, remark),
    remarks: () => [...remarked].flatMap(([name, ask]) => pair(name, ask())).map(([name, remark]) => `${name}: ${remark}`),
    stopping: () => void fixed.set('stop', 'stopping'),
    reasons,
    upSinceMs: () => {
      reasons()
      return since
    },
  }
}

const pair = (name: string, reason: string | undefined): (readonly [string, string])[] => (reason === undefined ? [] : [[name, reason]])
