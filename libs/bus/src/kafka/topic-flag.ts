import type { Flag } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Of a topic in Kafka: its name is also that of a folder. */
const MOST_CHARACTERS = 249

/** A flag that names a topic: what no broker takes is not taken here either. Empty is left to who reads it. */
export function topicFlag(fallback: string, help: string): Flag<string> {
  const one = flag.string(fallback, help)
  return { ...one, parse: (text) => topicName(one.parse(text)) }
}

function topicName(text: string): string {
  if (/^[a-zA-Z0-9._-]*$/.test(text) && text.length <= MOST_CHARACTERS && text !== '.' && text !== '..') return text
  throw new Error(`expected the name of a topic: at most ${MOST_CHARACTERS} of a-z, A-Z, 0-9, ".", "_" and "-"`)
}
