/** State that the pipelines of one source have in common: a limit of a job holds for all of its files together. */
export type SharedState = <T>(owner: object, create: () => T) => T

/** @returns gives what was made for `owner` (a stage as it was configured), made the first time it is asked for. */
export function createSharedState(): SharedState {
  const states = new WeakMap<object, unknown>()
  return <T>(owner: object, create: () => T): T => {
    if (!states.has(owner)) states.set(owner, create())
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stored for this owner by the same kind of call
    return states.get(owner) as T
  }
}
