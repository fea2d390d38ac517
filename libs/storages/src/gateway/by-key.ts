import { PermanentError, RetryableError, type Delivery, type RefusedRecord, type Sink } from '@clymene/model'

/** Keys that are written side by side. */
const CONCURRENCY = 16

/**
 * A sink that sends every delivery by itself, because a request carries one envelope: those of a key one after another, keys
 * side by side. After a failure nothing of that key is sent any more; what other keys had sent is sent again with the next write.
 * A refusal that names its records is no such failure, as the rest of that message is stored.
 */
export function createSinkByKey(send: (delivery: Delivery, signal: AbortSignal) => Promise<void>): Sink {
  return {
    write: async (deliveries, signal) => {
      const [first] = deliveries
      if (first !== undefined && deliveries.length === 1) return send(first, signal)
      const queues = [...Map.groupBy(deliveries, ({ key }) => key).values()]
      const failures: unknown[] = []
      const refusals: PermanentError[] = []
      const refused: RefusedRecord[] = []
      const sendOne = async (delivery: Delivery): Promise<void> => {
        try {
          await send(delivery, signal)
        } catch (error) {
          if (!(error instanceof PermanentError) || error.refused === undefined) throw error
          refusals.push(error)
          refused.push(...error.refused.map((record) => ({ ...record, delivery: deliveries.indexOf(delivery) })))
        }
      }
      const work = async (): Promise<void> => {
        for (let queue = queues.shift(); queue !== undefined && failures.length === 0; queue = queues.shift()) {
          try {
            for (const delivery of queue) await sendOne(delivery)
          } catch (error) {
            failures.push(error)
          }
        }
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, work))
      // A refusal may only be acted on when nothing else is open.
      if (failures.length > 0) throw failures.find((failure) => failure instanceof RetryableError) ?? failures[0]
      const [refusal] = refusals
      if (refusal === undefined) return undefined
      const repeatLike = refusals.every((one) => one.repeatLike)
      throw new PermanentError(refusal.message, { cause: refusal, status: refusal.status, refused, repeatLike })
    },
  }
}
