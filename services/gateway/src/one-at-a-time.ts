/** Runs what it is given one after another, in the order of the calls; a failure is its caller's and does not stop the next. */
export function oneAtATime(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (act) => {
    const turn = last.then(act, act)
    last = turn.catch(() => undefined)
    return turn
  }
}
