import { setImmediate as nextTurn } from 'node:timers/promises'

/** Longest work before others get their turn, milliseconds. */
const TURN_MS = 10

/** Call it between small pieces of work: now and then it gives the event loop to others. */
export function createTurns(): () => Promise<void> | undefined {
  let began = performance.now()
  return () => {
    if (performance.now() - began < TURN_MS) return undefined
    return nextTurn().then(() => {
      began = performance.now()
    })
  }
}
