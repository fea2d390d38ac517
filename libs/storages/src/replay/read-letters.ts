import { causesOf, type Bus, type PartitionLag } from '@clymene/model'

import { deadLetterTopic } from '../delivery/dead-letters.ts'
import { createKnownLetters } from './known-letters.ts'
import { letterOf, type Letter } from './letter.ts'
import { createPartJoiner } from './part-joiner.ts'

export type ReadLettersOptions = {
  readonly bus: Pick<Bus, 'lag' | 'read'>
  /** The topic whose dead letters are wanted: `clymene` for those on `clymene-dead-letter`. */
  readonly topic: string
  /** Told of each batch: messages read so far, and all that there were at the start. */
  readonly onProgress?: (read: number, total: number) => void
  /** What stands on the topic and is no letter to be dealt with. */
  readonly onPassedOver?: (count: PassedOver) => void
  /** Told when the dead-letter topic is not there. */
  readonly onMissing?: (deadLetterTopic: string) => void
}

export type PassedOver = {
  /** Letters that another one before them repeats. */
  readonly repeats: number
  /** Letters of which parts are missing. */
  readonly incomplete: number
  /** Messages that are no dead letters of ours. */
  readonly foreign: number
}

/** No group of ours has this name: it only stands in the question for the ends of partitions. */
const ASKED_FOR = 'clymene-replay'

/**
 * Every letter that a dead-letter topic holds at the moment of the call, partition by partition, each in its order, and each once. Moves
 * no offset of any group. A topic that is not there has none.
 *
 * @throws RetryableError when the bus cannot be read.
 */
export async function* readLetters(options: ReadLettersOptions, signal: AbortSignal): AsyncGenerator<Letter> {
  const { bus, onProgress, onPassedOver, onMissing } = options
  const topic = deadLetterTopic(options.topic)
  const known = createKnownLetters()
  const joiner = createPartJoiner()
  const partitions = await partitionsOf(bus, topic, signal, onMissing)
  const total = partitions.reduce((sum, { committed, end }) => sum + Number(end - committed), 0)
  let [passed, repeats, foreign] = [0, 0, 0]
  for (const { partition, committed, end } of partitions) {
    for await (const records of bus.read(topic, partition, committed, end, signal)) {
      for (const record of records) {
        const whole = joiner.take(record)
        if (whole === undefined) continue
        const letter = letterOf(whole.record)
        if (letter === undefined) foreign++
        else if (known.isRepeat(letter)) repeats++
        else yield { ...letter, parts: whole.parts }
      }
      const last = records.at(-1)?.origin.offset
      if (last !== undefined) onProgress?.(passed + Number(last + 1n - committed), total)
    }
    passed += Number(end - committed)
    onProgress?.(passed, total)
  }
  onPassedOver?.({ repeats, incomplete: joiner.incomplete(), foreign })
}

/** A group that has committed nothing stands at the oldest message. */
async function partitionsOf(
  bus: Pick<Bus, 'lag'>,
  topic: string,
  signal: AbortSignal,
  onMissing: ReadLettersOptions['onMissing'],
): Promise<readonly PartitionLag[]> {
  try {
    return await bus.lag(topic, ASKED_FOR, signal)
  } catch (error) {
    if (!causesOf(error).some(isMissingTopic)) throw error
    onMissing?.(topic)
    return []
  }
}

const isMissingTopic = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION'
