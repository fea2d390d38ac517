/** Asks at most once in `ms`: who asks in between, several open pages for instance, gets the same answer or the same failure. */
export function cachedFor<T>(ms: number, ask: () => Promise<T>, now: () => number = () => performance.now()): () => Promise<T> {
  let last: { readonly answer: Promise<T>; readonly atMs: number; pending: boolean } | undefined
  return () => {
    if (last !== undefined && (last.pending || now() - last.atMs < ms)) return last.answer
    const asked = { answer: ask(), atMs: now(), pending: true }
    const settle = (): void => {
      asked.pending = false
    }
    asked.answer.then(settle, settle)
    last = asked
    return asked.answer
  }
}
