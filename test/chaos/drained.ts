import { setTimeout as sleep } from 'node:timers/promises'

import { withAdmin } from '../e2e/kafka-admin.ts'
import { TAKES } from './evidence.ts'
import { STORES } from './plan.ts'
import type { Services } from './services.ts'

/** Groups of one seed with messages that are not settled, as `group topic/partition: 7`. */
export const lagsOf = (bootstrap: string, { names }: Services): Promise<readonly string[]> =>
  withAdmin(bootstrap, async (admin) => {
    const lags: string[] = []
    for (const kind of ['metrics', 'logs'] as const) {
      const topic = names[kind]
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, BigInt(high)]))
      for (const store of STORES.filter((name) => TAKES[name].includes(kind))) {
        const groupId = `${names.groupId}-${store}-${topic}`
        const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
        const committed = new Map((found?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)]))
        for (const [partition, end] of ends) {
          const at = committed.get(partition) ?? -1n
          const lag = end - (at < 0n ? 0n : at)
          if (lag > 0n) lags.push(`${groupId} ${topic}/${partition}: ${lag}`)
        }
      }
    }
    return lags
  })

/** Asks until the answer is empty; the last one when the time is over. What fails counts as not empty. */
export async function untilEmpty(ask: () => Promise<readonly string[]>, withinMs: number): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const left = await ask().catch((error: unknown) => [String(error)])
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(300)
  }
}
