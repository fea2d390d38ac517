import { randomUUID } from 'node:crypto'

import { errorMessage, PermanentError, RetryableError, type Bus } from '@clymene/model'

import type { DeadLetter } from './dead-letters.ts'
import { partHeaders } from './letter-headers.ts'
import { bytesAround, wrapLetter } from './wrapped-letter.ts'

/**
 * 256 MiB, more than which is not read from a bus, in parts that a topic of 1 MB takes: a message may be that much larger than the limit
 * when it was compressed.
 */
export const MAX_PARTS = 512
/** Brokers hang up on requests over 100 MiB, without a word. */
const MAX_PART_BYTES = 32 * 1024 * 1024

/**
 * Writes one letter: whole, or as parts of its bytes one by one when the bus refuses it (it is as large as a message may be, and has
 * more headers). Called again after a failure it goes on where it was.
 *
 * @throws RetryableError also when not even the smallest parts are taken; the next call begins anew.
 */
export function createLetterWriter(bus: Pick<Bus, 'produce'>, topic: string, letter: DeadLetter): (signal: AbortSignal) => Promise<void> {
  const least = leastParts(letter)
  let count = least
  let left = partsOf(letter, least)
  return async (signal) => {
    for (;;) {
      try {
        for (let part = left[0]; part !== undefined; part = left[0]) {
          await bus.produce(topic, [part], signal)
          left = left.slice(1)
        }
        return
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error
        count = count < MAX_PARTS ? count * 2 : least
        left = partsOf(letter, count)
        if (count === least) throw new RetryableError(errorMessage(error), { cause: error, needsOperator: true })
      }
    }
  }
}

function leastParts(letter: DeadLetter): number {
  const bytes = letter.value.length + bytesAround(letter)
  let count = 1
  while (bytes / count > MAX_PART_BYTES) count *= 2
  return count
}

/** Each way of cutting has an id of its own: what is there of one that was given up is never joined with another. */
function partsOf(letter: DeadLetter, count: number): readonly DeadLetter[] {
  if (count === 1) return [letter]
  const id = randomUUID()
  const whole = wrapLetter(letter)
  const size = Math.ceil(whole.value.length / count)
  return Array.from({ length: count }, (_, index) => ({
    ...whole,
    value: whole.value.subarray(index * size, (index + 1) * size),
    extra: { ...whole.extra, ...partHeaders({ id, number: index + 1, count }) },
  }))
}
