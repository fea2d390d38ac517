/** Bytes that may be held at a time. Taking more than is left is refused at once: waiting would hold the bytes all the same. */
export type Budget = {
  /** True when there was room; then {@link Budget.release} has to follow. */
  readonly take: (bytes: number) => boolean
  readonly release: (bytes: number) => void
  readonly used: () => number
}

export function createBudget(limit: number): Budget {
  let used = 0
  return {
    take: (bytes) => {
      // A single request over the limit may pass when it is alone: the body limit bounds it, and it could never be sent otherwise.
      if (used > 0 && used + bytes > limit) return false
      used += bytes
      return true
    },
    release: (bytes) => {
      used -= bytes
    },
    used: () => used,
  }
}
