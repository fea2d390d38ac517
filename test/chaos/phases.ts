/** How long each part of a run took, in its order, seconds. */
export type Phases = {
  /** The part of that name begins here and ends with the next. */
  readonly begin: (name: string) => void
  readonly describe: () => string
}

export function createPhases(now: () => number = () => performance.now()): Phases {
  const marks: { readonly name: string; readonly at: number }[] = []
  return {
    begin: (name) => void marks.push({ name, at: now() }),
    describe: () => {
      const end = now()
      return marks.map(({ name, at }, index) => `${name} ${(((marks[index + 1]?.at ?? end) - at) / 1000).toFixed(0)} s`).join(', ')
    },
  }
}
