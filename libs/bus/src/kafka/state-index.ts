/** What was read of a compacted topic: the last state of each name, as far as there is room; of the others where it stands. */
export type StateIndex = {
  readonly set: (name: string, offset: bigint, state: Buffer) => void
  readonly get: (name: string) => SavedState | undefined
  readonly remove: (name: string) => void
  readonly names: () => readonly string[]
  readonly clear: () => void
}

/** `state` is absent when it had to make room. */
export type SavedState = { readonly offset: bigint; readonly state?: Buffer }

/** @param maxBytes of the states that are kept: those that were saved longest ago go first, their places stay. */
export function createStateIndex(maxBytes: number): StateIndex {
  /** In the order of saving. */
  const saved = new Map<string, SavedState>()
  let bytes = 0

  const bytesOf = (name: string): number => saved.get(name)?.state?.length ?? 0
  const makeRoom = (): void => {
    for (const [name, { offset, state }] of saved) {
      if (bytes <= maxBytes) return
      if (state === undefined) continue
      bytes -= state.length
      saved.set(name, { offset })
    }
  }

  const remove = (name: string): void => {
    bytes -= bytesOf(name)
    saved.delete(name)
  }

  return {
    set: (name, offset, state) => {
      remove(name)
      bytes += state.length
      saved.set(name, { offset, state })
      makeRoom()
    },
    get: (name) => saved.get(name),
    remove,
    names: () => [...saved.keys()],
    clear: () => {
      saved.clear()
      bytes = 0
    },
  }
}
