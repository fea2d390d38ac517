/** Bounds of what servers of targets may answer and of how they are asked again; a context has one set for all of its discoverers. */
export type AnswerLimits = {
  /** Of one body, bytes. */
  readonly bytes: number
  /** Of one item of a `*_sd_configs` list. */
  readonly targets: number
  /** That one item of `consul_sd_configs` watches: each is a connection. */
  readonly services: number
  /** Waits after failures in a row: from the first doubling to the last, each with full jitter. Never longer than the refresh interval. */
  readonly backoffMs: readonly [first: number, last: number]
}

export const ANSWER_LIMITS: AnswerLimits = { bytes: 32 * 1024 * 1024, targets: 100_000, services: 5000, backoffMs: [1000, 60_000] }
