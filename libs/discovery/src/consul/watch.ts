import type { Question } from '../lookups.ts'
import type { Indexed } from './consul-api.ts'

export type WatchOptions<T> = Pick<Question<T>, 'part' | 'peer' | 'intervalMs' | 'groups'> & {
  readonly ask: (index: bigint, signal: AbortSignal) => Promise<Indexed<T>>
}

/**
 * The same question again and again, each time for what is new since the answer before. An index that went back means that Consul's state
 * was made anew: then, as after an answer without one, it is asked for all there is.
 */
export function blockingQuestion<T>({ ask, groups, ...question }: WatchOptions<T>): Question<Indexed<T>> {
  let index = 0n
  return {
    ...question,
    ask: (signal) => ask(index, signal),
    groups: (answer) => {
      if (answer.index !== 0n && answer.index === index) return undefined
      const found = groups(answer.value)
      // Only now: what could not be taken is asked for again.
      index = answer.index < index ? 0n : answer.index
      return found
    },
  }
}
