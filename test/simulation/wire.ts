import type { Chance } from './chance.ts'
import type { Clock, Owner } from './clock.ts'

/** What a process asks of others: a request that has left arrives whatever becomes of the process, its answer only while it lives. */
export type Wire = {
  /** `act` happens at the other end. Rejects with what it throws. */
  readonly ask: <T>(act: () => T) => Promise<T>
  /** As `ask`, answered when the other end calls back. */
  readonly askLater: <T>(act: (answer: (value: T) => void) => void) => Promise<T>
  /** While cut nothing is asked and nothing answered; it is all made up for afterwards. */
  readonly cut: (forMs: number) => void
}

export function createWire(clock: Clock, chance: Chance, owner: Owner, longestMs = 30): Wire {
  let cutUntil = 0
  const travel = (): number => Math.max(cutUntil - clock.now(), 0) + chance.between(1, longestMs)
  const askLater = <T>(act: (answer: (value: T) => void, refuse: (error: unknown) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      const back = (then: () => void): void => void clock.after(travel(), then, owner)
      clock.after(
        travel(),
        () =>
          act(
            (value) => back(() => resolve(value)),
            (error) => back(() => reject(error)),
          ),
        'nobody',
      )
    })
  return {
    askLater,
    ask: (act) =>
      askLater((answer, refuse) => {
        try {
          answer(act())
        } catch (error) {
          refuse(error)
        }
      }),
    cut: (forMs) => {
      cutUntil = Math.max(cutUntil, clock.now() + forMs)
    },
  }
}
