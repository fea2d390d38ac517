/**
 * A clock for waits: it goes as `now` does, and where that was put back it goes on from where it was. What has noted a time never waits for the
 * clock to come there again.
 */
export function createSteadyClock(now: () => number): () => number {
  let lastMs = -Infinity
  let aheadMs = 0
  return () => {
    const nowMs = now()
    if (nowMs < lastMs) aheadMs += lastMs - nowMs
    lastMs = nowMs
    return nowMs + aheadMs
  }
}
