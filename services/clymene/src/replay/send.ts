import { ConfigError, errorMessage, type Kind, type Logger, type RetryableError } from '@clymene/model'
import { createMetrics, createOnceIn, ExitError, readVersion } from '@clymene/runtime'
import {
  hintFor,
  letterFilter,
  openReplayBook,
  openStorages,
  readLetters,
  recordsIn,
  sendLetters,
  type Letter,
  type PassedOver,
  type SendLettersOptions,
  type StorageTarget,
} from '@clymene/storages'

import type { ReplayConfig } from './configure.ts'
import { letterLine, recordsText } from './letter-text.ts'
import { tellPassedOver } from './look.ts'
import { createMissingTopics, type MissingTopics } from './missing-topics.ts'
import type { OpenedLetters } from './open-letters.ts'
import { createProgress } from './progress.ts'
import { printable, type Terminal } from './terminal.ts'

type Sending = Pick<SendLettersOptions, 'isWanted' | 'book' | 'storage' | 'kind'> & { readonly letters: AsyncIterable<Letter> }
type Count = { letters: number; records: number }

/** @throws ExitError when something was refused again, or could not be sent. */
export async function sendAll(config: ReplayConfig, opened: OpenedLetters, surroundings: Surroundings, stop: AbortSignal): Promise<void> {
  const { target, values } = config
  const { terminal, logger } = surroundings
  if (target === undefined) throw new ConfigError('send: expected a storage')
  const { name } = target.storage
  const [sent, refused, before]: [Count, Count, Count] = [
    { letters: 0, records: 0 },
    { letters: 0, records: 0 },
    { letters: 0, records: 0 },
  ]
  const missing = createMissingTopics([...opened.topics].flatMap(([topic, kind]) => (target.storage.kinds.includes(kind) ? [topic] : [])))
  const hints = new Set<string>()
  const progress = createProgress(terminal)
  const onceInAMinute = createOnceIn(60_000)
  const onFailure = ({ message }: RetryableError): void =>
    onceInAMinute('away', () => terminal.tell(printable(`storage ${name} cannot be written now, waiting: ${message}`)))

  const send = async (sending: Sending, sink: StorageTarget['sink']): Promise<void> =>
    sendLetters(
      {
        ...sending,
        sink,
        again: values.again,
        pace: { recordsPerSecond: values.rate === 0 ? Infinity : values.rate },
        patienceMs: values.patience,
        onSent: (letter) => {
          count(sent, recordsIn(letter))
          progress.sent()
        },
        onRefused: (letter, { reason, records }) => {
          count(refused, records)
          progress.refused()
          const hint = hintFor(reason)
          if (hint !== undefined) hints.add(hint)
          terminal.draw('')
          void terminal.print(`refused again: ${letterLine({ ...letter, note: { ...letter.note, reason } }, false)}`).catch(() => undefined)
        },
        onFailure,
      },
      stop,
    )
  const list = async ({ letters, isWanted, book, storage }: Sending): Promise<void> => {
    for await (const letter of letters) {
      if (letter.note.storage !== storage || !isWanted(letter) || (!values.again && book.isSent(letter))) continue
      count(sent, recordsIn(letter))
      await terminal.print(`would send: ${letterLine(letter, book.isSent(letter))}`)
    }
  }

  const storages = values['dry-run'] ? undefined : await openTarget(target, logger)
  try {
    for (const [topic, kind] of opened.topics) {
      if (!target.storage.kinds.includes(kind) || stop.aborted) continue
      const sending = await openSending({ config, opened, storage: name, topic, kind, progress, terminal, before, missing }, stop)
      const sink = storages?.sinks.get(kind)?.[0]?.sink
      if (values['dry-run']) await list(sending)
      else if (sink !== undefined) await send(sending, sink)
    }
  } catch (error) {
    if (!stop.aborted) throw new ExitError(printable(`${outcome(name, sent, refused)}; given up: ${errorMessage(error)}`))
  } finally {
    progress.end()
    await storages?.close()
  }
  for (const hint of hints) terminal.tell(`hint: ${hint}`)
  missing.tell(terminal)
  if (before.letters > 0) terminal.tell(`passed over ${lettersText(before)} that were sent before: --again sends them too`)
  if (stop.aborted) terminal.tell('stopped: what was not sent stays')
  if (values['dry-run']) return terminal.tell(`would send ${lettersText(sent)} to ${name}`)
  if (refused.letters > 0) throw new ExitError(outcome(name, sent, refused))
  return terminal.tell(outcome(name, sent, refused))
}

export type Surroundings = { readonly terminal: Terminal; readonly logger: Logger }

type SendingOptions = {
  readonly config: ReplayConfig
  readonly opened: OpenedLetters
  readonly storage: string
  readonly topic: string
  readonly kind: Kind
  readonly progress: ReturnType<typeof createProgress>
  readonly terminal: Terminal
  /** Counts what is passed over because it was sent before. */
  readonly before: Count
  readonly missing: MissingTopics
}

async function openSending(
  { config, opened, storage, topic, kind, progress, terminal, before, missing }: SendingOptions,
  stop: AbortSignal,
): Promise<Sending> {
  const { store, bus } = opened
  if (store === undefined) throw new ConfigError('send: expected a store that notes what was sent')
  const onPassedOver = (passed: PassedOver): void => tellPassedOver(topic, passed, terminal)
  const book = await openReplayBook({ store, kind, storage, topic }, stop)
  const isWanted = letterFilter({ ...config.values, storage: [] }, Date.now())
  const all = readLetters({ bus, topic, onPassedOver, onProgress: progress.read, onMissing: missing.add }, stop)
  const letters = async function* (): AsyncGenerator<Letter> {
    for await (const letter of all) {
      const isBefore = !config.values.again && letter.note.storage === storage && isWanted(letter) && book.isSent(letter)
      if (isBefore) count(before, recordsIn(letter))
      yield letter
    }
  }
  return { storage, kind, book, isWanted, letters: letters() }
}

const openTarget = ({ storage, values }: NonNullable<ReplayConfig['target']>, logger: Logger) =>
  openStorages({
    selection: { selected: [storage], byKind: new Map(storage.kinds.map((kind) => [kind, [storage]])) },
    values,
    logger,
    version: readVersion().version,
    metrics: createMetrics(),
  })

function count(into: Count, records: number): void {
  into.letters++
  into.records += records
}

const lettersText = ({ letters, records }: Count): string => `${letters} ${letters === 1 ? 'letter' : 'letters'} (${recordsText(records)})`

const outcome = (storage: string, sent: Count, refused: Count): string =>
  `sent ${lettersText(sent)} to ${storage}${refused.letters === 0 ? '' : `, refused again ${lettersText(refused)}`}`
