/** A rate with bursts: tokens come at the rate, and at most a burst of them is kept. Times are nanoseconds of a clock that never goes back. */
export type TokenBucket = {
  /** Takes a token when there is one. */
  readonly tryTake: (nowNs: bigint) => boolean
  /** Takes a token, also one that has yet to come. Gives when it comes; 0 when it is there. */
  readonly take: (nowNs: bigint) => bigint
}

/** A full bucket. @param rate tokens a second. */
export function createTokenBucket(rate: number, burst: number): TokenBucket {
  let tokens = burst
  let atNs = 0n

  const refill = (nowNs: bigint): void => {
    tokens = Math.min(burst, tokens + (Number(nowNs - atNs) / 1e9) * rate)
    atNs = nowNs
  }
  return {
    tryTake: (nowNs) => {
      refill(nowNs)
      if (tokens < 1) return false
      tokens--
      return true
    },
    take: (nowNs) => {
      refill(nowNs)
      tokens--
      return tokens >= 0 ? 0n : atNs + BigInt(Math.ceil((-tokens / rate) * 1e9))
    },
  }
}
