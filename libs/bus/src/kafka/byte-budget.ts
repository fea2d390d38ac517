/** Bytes that may be held at a time. A single request of any size fits when nothing is held. */
export type ByteBudget = { readonly take: (bytes: number) => boolean; readonly give: (bytes: number) => void; readonly held: () => number }

export function createByteBudget(limit: number): ByteBudget {
  let held = 0
  return {
    take: (bytes) => {
      if (held > 0 && held + bytes > limit) return false
      held += bytes
      return true
    },
    give: (bytes) => {
      held -= bytes
    },
    held: () => held,
  }
}
