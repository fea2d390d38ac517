import type { Answer, AnswerMemory } from './answer-memory.ts'

/** Gives the memory of answers to fetches back. */
export type LastAnswers = {
  /** Messages of a partition have come, and were copied, that begin with this value. */
  readonly came: (partition: number, value: Buffer | null | undefined) => void
}

/**
 * One answer has messages of several partitions, and kafkajs hands them over one after the other. It fetches a partition again only when
 * all batches of the answer before were handled (fetcher.js), from whichever broker: so when other messages of a partition come,
 * nobody needs the answer that its last ones stood in. What is not fetched again leaves its answer to the collector.
 */
export function createLastAnswers({ answerOf }: Pick<AnswerMemory, 'answerOf'>): LastAnswers {
  const last = new Map<number, Answer>()
  return {
    came: (partition, value) => {
      const before = last.get(partition)
      const answer = answerOf(value)
      if (before !== answer) before?.giveBack()
      if (answer === undefined) last.delete(partition)
      else last.set(partition, answer)
    },
  }
}
