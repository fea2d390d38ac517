import { deadLetterTopic } from '@clymene/storages'

import { sourceFlags } from './flags.ts'
import type { Terminal } from './terminal.ts'

export type MissingTopics = {
  readonly add: (topic: string) => void
  /** Says it of a topic that somebody named, and of all when none is there: else nothing of that kind was refused yet. */
  readonly tell: (terminal: Pick<Terminal, 'tell'>) => void
}

/** Dead-letter topics that are not there. @param topics that letters stood on before */
export function createMissingTopics(topics: Iterable<string>): MissingTopics {
  const all = [...topics].map(deadLetterTopic)
  const missing: string[] = []
  return {
    add: (topic) => void missing.push(topic),
    tell: ({ tell }) => {
      const told = missing.length === all.length ? missing : missing.filter((topic) => !DEFAULTS.has(topic))
      for (const topic of told)
        tell(`topic ${topic} does not exist: nothing was refused, or the letters are elsewhere (--kafka.consumer.topic)`)
    },
  }
}

const DEFAULTS = new Set(
  [sourceFlags['kafka.consumer.topic'], sourceFlags['kafka.consumer.promtail.topic']].map((one) => deadLetterTopic(one.default)),
)
