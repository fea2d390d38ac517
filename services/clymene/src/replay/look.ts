import { errorMessage } from '@clymene/model'
import { letterFilter, openReplayBook, readLetters, recordsIn, type Letter, type PassedOver, type ReplayBook } from '@clymene/storages'

import type { ReplayConfig } from './configure.ts'
import { contentLines, letterLine, recordsText } from './letter-text.ts'
import type { OpenedLetters } from './open-letters.ts'
import { createSummary } from './summary.ts'
import type { Terminal } from './terminal.ts'

/** `list`, `show` and `summary`: change nothing. */
export async function lookAtLetters(
  { verb, values }: ReplayConfig,
  { bus, store, topics }: OpenedLetters,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<void> {
  const isWanted = letterFilter(values, Date.now())
  const isSent = createSentQuestion(store, terminal, stop)
  const summary = createSummary()
  let letters = 0
  let records = 0
  for (const topic of topics.keys()) {
    const onPassedOver = (count: PassedOver): void => tellPassedOver(topic, count, terminal)
    for await (const letter of readLetters({ bus, topic, onPassedOver }, stop)) {
      if (!isWanted(letter)) continue
      letters++
      records += recordsIn(letter)
      const sent = await isSent(letter, topic)
      if (verb === 'summary') summary.add(letter, sent)
      else await terminal.print(letterLine(letter, sent))
      if (verb === 'show') for (const line of contentLines(letter, values.limit)) await terminal.print(line)
    }
  }
  for (const line of summary.lines()) await terminal.print(line)
  terminal.tell(`${letters} ${letters === 1 ? 'letter' : 'letters'}, ${recordsText(records)}`)
}

export function tellPassedOver(topic: string, { repeats, incomplete, foreign }: PassedOver, { tell }: Terminal): void {
  const parts = [
    ...(repeats > 0 ? [`${repeats} stand there twice and count once`] : []),
    ...(incomplete > 0 ? [`${incomplete} are not there in all their parts`] : []),
    ...(foreign > 0 ? [`${foreign} are no dead letters`] : []),
  ]
  if (parts.length > 0) tell(`of the dead letters of topic ${topic} ${parts.join(', ')}`)
}

/** Whether a letter was sent before; where that cannot be read it is said once, and none was. */
function createSentQuestion(store: OpenedLetters['store'], { tell }: Terminal, stop: AbortSignal) {
  const books = new Map<string, ReplayBook | undefined>()
  return async (letter: Letter, topic: string): Promise<boolean> => {
    const { storage } = letter.note
    const name = JSON.stringify([storage, topic])
    if (store !== undefined && !books.has(name)) {
      const opened = openReplayBook({ store, kind: letter.message.kind, storage, topic }, stop)
      books.set(
        name,
        await opened.catch((error: unknown) => {
          stop.throwIfAborted()
          tell(`what was sent to ${storage} before cannot be told: ${errorMessage(error)}`)
          return undefined
        }),
      )
    }
    return books.get(name)?.isSent(letter) ?? false
  }
}
