import { DecodeError, type Kind, type Labels } from '@clymene/model'
import { decodePushRequest, decodeWriteRequest, decompress } from '@clymene/wire'
import type { KafkaMessage } from 'kafkajs'

import { withAdmin } from '../e2e/kafka-admin.ts'
import { readTopic } from '../e2e/read-topic.ts'
import { UNREADABLE, type DeadLetter, type Item, type Placed } from './evidence.ts'
import { seriesText } from './series-text.ts'

const LIMIT = 1 << 26

/** Every item of a topic, in the order of the offsets of each partition. */
export async function itemsInTopic(bootstrap: string, topic: string, kind: Kind): Promise<readonly Placed[]> {
  const items: Placed[] = []
  await readTopic(bootstrap, topic, (message, partition) => {
    const place = { topic, partition, offset: BigInt(message.offset), identity: identityOf(message) }
    items.push(...itemsOf(kind, message.value ?? Buffer.alloc(0)).map((item) => ({ ...item, ...place })))
  })
  return items
}

export async function deadLettersOf(bootstrap: string, topic: string, kind: Kind): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = []
  const name = `${topic}-dead-letter`
  const exists = await withAdmin(bootstrap, async (admin) => (await admin.listTopics()).includes(name))
  if (!exists) return letters
  await readTopic(bootstrap, name, (message, partition) => {
    const header = (key: string): string => message.headers?.[`clymene-dl-${key}`]?.toString() ?? ''
    letters.push({
      topic: name,
      partition,
      offset: BigInt(message.offset),
      storage: header('storage'),
      reason: header('reason'),
      items: itemsOf(kind, message.value ?? Buffer.alloc(0)),
    })
  })
  return letters
}

function itemsOf(kind: Kind, value: Buffer): readonly Item[] {
  try {
    return decodedItems(kind, decompress(value, LIMIT))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return [{ kind, series: UNREADABLE, time: '0', value: value.toString() }]
  }
}

function decodedItems(kind: Kind, bytes: Buffer): readonly Item[] {
  if (kind === 'metrics') {
    return decodeWriteRequest(bytes).flatMap(({ labels, samples }) =>
      samples.map(({ timestampMs, value: number }) => ({ kind, series: textOf(labels), time: String(timestampMs), value: String(number) })),
    )
  }
  return decodePushRequest(bytes).flatMap(({ labels, entries }) =>
    entries.map(({ timestampNs, line }) => ({ kind, series: textOf(labels), time: String(timestampNs), value: line })),
  )
}

const textOf = (labels: Labels): string => seriesText(labels)

function identityOf({ key, headers }: KafkaMessage): string {
  const header = (name: string): string => headers?.[`clymene-${name}`]?.toString() ?? ''
  return [key?.toString() ?? '', header('epoch'), header('agent'), header('sequence'), header('position')].join(' ')
}
