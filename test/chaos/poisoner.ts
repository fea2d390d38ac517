import { setTimeout as sleep } from 'node:timers/promises'

import { KINDS, type Kind } from '@clymene/model'
import { Kafka, logLevel } from 'kafkajs'

import { UNREADABLE, type Sent } from './evidence.ts'
import type { Random } from './random.ts'

export type PoisonOptions = {
  readonly bootstrap: string
  readonly topics: Readonly<Record<Kind, string>>
  readonly random: Random
  readonly loadMs: number
}

const OF_EACH_KIND = 2
/** Brokers are killed as well. */
const AGAIN_MS = 500

/** Puts messages that are none into the topics, at any moment of the load, as somebody does who takes them for his own. */
export function startPoisoner({ bootstrap, topics, random, loadMs }: PoisonOptions) {
  const producer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).producer({ allowAutoTopicCreation: false })
  const poisons = KINDS.flatMap((kind) =>
    Array.from({ length: OF_EACH_KIND }, (_, index) => ({
      kind,
      number: index + 1,
      afterMs: random.between(2000, loadMs),
      isAcknowledged: false,
    })),
  )
  const send = async (poison: { readonly kind: Kind; readonly number: number }): Promise<boolean> => {
    await producer.connect()
    await producer.send({ topic: topics[poison.kind], messages: [{ key: `poison-${poison.number}`, value: textOf(poison) }] })
    return true
  }
  const running = Promise.all(
    poisons.map(async (poison) => {
      await sleep(poison.afterMs)
      while (!poison.isAcknowledged) {
        poison.isAcknowledged = await send(poison).catch(() => false)
        if (!poison.isAcknowledged) await sleep(AGAIN_MS)
      }
    }),
  )
  return {
    sent: (): readonly Sent[] =>
      poisons.map((poison) => ({
        kind: poison.kind,
        series: UNREADABLE,
        value: textOf(poison),
        number: poison.number,
        acknowledged: poison.isAcknowledged,
      })),
    /** Resolves when all of it is in Kafka. */
    stop: async (): Promise<void> => {
      await running
      await producer.disconnect()
    },
  }
}

const textOf = ({ kind, number }: { readonly kind: Kind; readonly number: number }): string => `poison ${number} of ${kind}`
