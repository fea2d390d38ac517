export type AnsweringOptions = {
  /** Bytes that the brokers have sent so far. */
  readonly bytesRead: () => number
  /** Whether it is the brokers that are waited for now. */
  readonly isTheirTurn: () => boolean
  readonly limitMs: number
}

/** A broker that is there answers the consumer's fetches several times in this long. */
const SILENCE_MS = 1500
const LOOK_MS = 100

/**
 * Waits for `done` as long as the brokers still send something.
 *
 * @returns false when they fell silent or the limit passed first.
 * @throws what `done` throws.
 */
export async function whileAnswering(done: Promise<unknown>, { bytesRead, isTheirTurn, limitMs }: AnsweringOptions): Promise<boolean> {
  const start = performance.now()
  let heard = bytesRead()
  let heardAt = start
  const isDone = done.then(() => true)
  for (;;) {
    if (await Promise.race([isDone, notYet()])) return true
    const now = performance.now()
    if (!isTheirTurn() || bytesRead() !== heard) {
      heard = bytesRead()
      heardAt = now
    }
    if (now - heardAt > SILENCE_MS || now - start > limitMs) return false
  }
}

const notYet = (): Promise<false> => new Promise((resolve) => setTimeout(() => resolve(false), LOOK_MS).unref())
