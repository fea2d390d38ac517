/**
 * Lets a call through at most once in `intervalMs` per key and says how many were held back before: for log lines. A wall clock that is set back
 * silences nothing.
 */
export function createOnceIn(
  intervalMs: number,
  now: () => number = () => performance.now(),
): (key: string, act: (heldBack: number) => void) => void {
  const seen = new Map<string, { at: number; held: number }>()
  return (key, act) => {
    const last = seen.get(key)
    if (last !== undefined && now() - last.at < intervalMs) {
      last.held++
      return
    }
    // Keys are storages, topics, targets: few. The bound is for the day when one is not.
    if (seen.size >= 10_000) seen.clear()
    seen.set(key, { at: now(), held: 0 })
    act(last?.held ?? 0)
  }
}
