import { errorMessage } from '@clymene/model'
import { ExitError } from '@clymene/runtime'
import { letterFilter, openReplayBook, readLetters, recordsIn, type Letter, type PassedOver, type ReplayBook } from '@clymene/storages'

import type { ReplayConfig } from './configure.ts'
import { contentLines, letterLine, recordsText } from './letter-text.ts'
import { createMissingTopics } from './missing-topics.ts'
import type { OpenedLetters } from './open-letters.ts'
import { createSummary } from './summary.ts'
import type { Terminal } from './terminal.ts'

/** `list`, `show` and `summary`: change nothing. @throws ExitError when what was sent before could not be read. */
export async function lookAtLetters(
  { verb, values }: ReplayConfig,
  { bus, store, topics }: OpenedLetters,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<void> {
  const isWanted = letterFilter(values, Date.now())
  const sentBefore = createSentQuestion(store, terminal, stop)
  const missing = createMissingTopics(topics.keys())
  const summary = createSummary()
  let letters = 0
  let records = 0
  for (const topic of topics.keys()) {
    const onPassedOver = (count: PassedOver): void => tellPassedOver(topic, count, terminal)
    for await (const letter of readLetters({ bus, topic, onPassedOver, onMissing: missing.add }, stop)) {
      if (!isWanted(letter)) continue
      letters++
      records += recordsIn(letter)
      const sent = await sentBefore.has(letter, topic)
      if (verb === 'summary') summary.add(letter, sent)
      else await terminal.print(letterLine(letter, sent))
      if (verb === 'show') for (const line of contentLines(letter, values.limit)) await terminal.print(line)
    }
  }
  for (const line of summary.lines()) await terminal.print(line)
  missing.tell(terminal)
  terminal.tell(`${letters} ${letters === 1 ? 'letter' : 'letters'}, ${recordsText(records)}`)
  if (sentBefore.isUnknown()) throw new ExitError('which of them were sent before is not known: - says nothing')
}

export function tellPassedOver(topic: string, { repeats, incomplete, foreign }: PassedOver, { tell }: Terminal): void {
  const parts = [
    ...(repeats > 0 ? [`${repeats} stand there twice and count once`] : []),
    ...(incomplete > 0 ? [`${incomplete} are not there in all their parts`] : []),
    ...(foreign > 0 ? [`${foreign} are no dead letters`] : []),
  ]
  if (parts.length > 0) tell(`of the dead letters of topic ${topic} ${parts.join(', ')}`)
}

/** Whether a letter was sent before; where that cannot be read it is said once, however many storages are asked for, and none was. */
function createSentQuestion(store: OpenedLetters['store'], { tell }: Terminal, stop: AbortSignal) {
  const books = new Map<string, ReplayBook | undefined>()
  const failures = new Set<string>()
  const onFailure = (error: unknown): undefined => {
    stop.throwIfAborted()
    const reason = errorMessage(error)
    if (!failures.has(reason)) tell(`what was sent before cannot be told: ${reason}`)
    failures.add(reason)
  }
  return {
    has: async (letter: Letter, topic: string): Promise<boolean> => {
      const { storage } = letter.note
      const name = JSON.stringify([storage, topic])
      if (store !== undefined && !books.has(name)) {
        books.set(name, await openReplayBook({ store, kind: letter.message.kind, storage, topic }, stop).catch(onFailure))
      }
      return books.get(name)?.isSent(letter) ?? false
    },
    isUnknown: () => failures.size > 0,
  }
}
