import type { Delivery, Kind, PermanentError, RetryableError, Sink } from '@clymene/model'
import type { Backoff } from '@clymene/runtime'
import { createMessageReader, type MessageReader } from '@clymene/wire'

import { classified } from '../decorators/classified.ts'
import { isolating } from '../decorators/isolating.ts'
import { createMaybeStored, rootOf } from '../decorators/lineage.ts'
import { createBody, type Body } from '../delivery/bodies.ts'
import { DEFAULT_LIMITS, type BodyLimits } from '../delivery/limits.ts'
import { inOrder, type Numbered } from './in-order.ts'
import { prepareLetter } from './letter-delivery.ts'
import type { Letter } from './letter.ts'
import { createPace, type PaceOptions } from './pace.ts'
import { patientSink } from './patient-sink.ts'
import type { ReplayBook } from './replay-book.ts'

export type SendLettersOptions = {
  /** All letters of a topic: those of other storages and those that are not wanted are passed over. */
  readonly letters: AsyncIterable<Letter>
  readonly storage: string
  readonly kind: Kind
  /** The storage's own sink; splitting, waiting and counting are done here. */
  readonly sink: Sink
  readonly isWanted: (letter: Letter) => boolean
  readonly book: ReplayBook
  /** Also what was sent before. */
  readonly again: boolean
  readonly pace: PaceOptions
  readonly patienceMs: number
  readonly backoff?: Partial<Backoff>
  readonly onSent: (letter: Letter) => void
  /** `records` of it were refused, all of them when nobody can read it. */
  readonly onRefused: (letter: Letter, refusal: { readonly reason: string; readonly records: number }) => void
  /** The storage cannot be written now, and is waited for. */
  readonly onFailure: (error: RetryableError) => void
  /** Milliseconds; default performance.now. */
  readonly now?: () => number
}

/** What is noted is at most so old when the process is killed: then a body or two are sent twice. */
const SAVE_EVERY_MS = 1000
/** Time that a body on its way has after the stop, and the last note. */
const GRACE_MS = 10_000

/**
 * Sends letters to the storage that refused them, those of one key in the order of the messages that they are of. What the storage
 * takes is noted in the book, what it refuses again is told and stays. Resolves when all were sent, or `stop` aborted: a body
 * on its way is finished.
 *
 * @throws RetryableError when the storage or the bus stays away for too long; all that was sent by then is noted.
 */
export async function sendLetters(options: SendLettersOptions, stop: AbortSignal): Promise<void> {
  const { book, again, kind, letters, storage, isWanted, now = () => performance.now() } = options
  const limits = limitsOf(kind, options.pace.recordsPerSecond)
  const reader = createMessageReader({ maxBytes: limits.maxDecompressedBytes })
  const write = bodyWriter(options, stop)
  const pace = createPace(options.pace)
  let savedAt: number | undefined
  let isChanged = false
  const save = async (): Promise<void> => {
    await book.save(AbortSignal.timeout(GRACE_MS))
    isChanged = false
    savedAt = now()
  }
  const isDue = (letter: Letter): boolean => letter.note.storage === storage && isWanted(letter) && (again || !book.isSent(letter))

  const flush = async (body: OpenBody): Promise<void> => {
    stop.throwIfAborted()
    if (body.members.length === 0) return
    // Whoever cannot note what was sent does not send.
    if (savedAt === undefined) await save()
    await pace.next(recordsOf(body), stop)
    await write(body.members)
    isChanged = true
    if (savedAt === undefined || now() - savedAt >= SAVE_EVERY_MS) await save()
  }
  const send = async (): Promise<void> => {
    let body = newBody(limits)
    for await (const one of inOrder(letters, { isOwn: ({ note }) => note.storage === storage, isDue })) {
      const member = memberOf(one, reader, options)
      if (member === undefined) isChanged = true
      if (member === undefined || body.add(member)) continue
      await flush(body)
      body = newBody(limits)
      body.add(member)
    }
    await flush(body)
  }

  try {
    await send()
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    if (isChanged) await save()
  }
}

type Member = Numbered & { readonly delivery: Delivery; readonly size: Parameters<Body['add']>[1] }
type OpenBody = { readonly members: readonly Member[]; readonly add: (member: Member) => boolean }

/** One that cannot be read, or that is empty, is settled at once. */
function memberOf(one: Numbered, reader: MessageReader, { book, onSent, onRefused }: SendLettersOptions): Member | undefined {
  const { letter, previous } = one
  const prepared = prepareLetter(letter, reader)
  if (prepared.kind === 'delivery') return { ...one, delivery: prepared.delivery, size: prepared.size }
  if (prepared.kind === 'empty') {
    book.sent(letter, previous)
    onSent(letter)
  } else {
    book.refused(letter, previous)
    onRefused(letter, { reason: `it cannot be read: ${prepared.error.message}`, records: letter.message.headers.records ?? 0 })
  }
  return undefined
}

/**
 * A body has one letter of each key: of two samples of a series, the later of which stands first, Prometheus takes the first in
 * one body and drops the other without a word, and letters are of samples that are out of order.
 */
function newBody(limits: BodyLimits): OpenBody {
  const body = createBody(limits, { storesParts: true })
  const members: Member[] = []
  return {
    members,
    add: (member) => {
      const isAdded = body.add(member.delivery, member.size)
      if (isAdded) members.push(member)
      return isAdded
    },
  }
}

/** Bodies are small when few records a second may go. */
function limitsOf(kind: Kind, recordsPerSecond: number): BodyLimits {
  const limits = DEFAULT_LIMITS[kind]
  return { ...limits, maxBodyRecords: Math.max(Math.min(limits.maxBodyRecords, recordsPerSecond), 1) }
}

const recordsOf = ({ members }: OpenBody): number => members.reduce((sum, { size }) => sum + size.records, 0)

/** Aborts some time after `stop` did. */
function finishing(stop: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const end = (): void => {
    setTimeout(() => controller.abort(stop.reason), GRACE_MS).unref()
  }
  if (stop.aborted) end()
  else stop.addEventListener('abort', end, { once: true })
  return controller.signal
}

type Refused = { reason: string; records: number }

function bodyWriter(options: SendLettersOptions, stop: AbortSignal): (members: readonly Member[]) => Promise<void> {
  const { sink, book, patienceMs, onSent, onRefused, onFailure, backoff, now } = options
  const maybeStored = createMaybeStored()
  // "Out of order" is what most letters were refused for: after a lost answer it does not say that the storage has it.
  const reasonOf = (piece: Delivery, { message, repeatLike }: PermanentError): string =>
    repeatLike && maybeStored.has(piece) ? `${message} (an answer was lost before: it may be stored)` : message
  let refusals = new Map<Delivery, Refused>()
  const refuse = async ({ piece, error }: { readonly piece: Delivery; readonly error: PermanentError }): Promise<void> => {
    const before = refusals.get(rootOf(piece))
    refusals.set(rootOf(piece), {
      reason: before?.reason ?? reasonOf(piece, error),
      records: (before?.records ?? 0) + (piece.headers.records ?? 0),
    })
  }
  const patient = patientSink(classified(sink), {
    patienceMs,
    stop,
    maybeStored,
    onFailure,
    ...(backoff === undefined ? {} : { backoff }),
    ...(now === undefined ? {} : { now }),
  })
  const writer = isolating(patient, { refuse })
  const finish = finishing(stop)
  return async (members) => {
    refusals = new Map()
    await writer.write(
      members.map(({ delivery }) => delivery),
      finish,
    )
    for (const { letter, previous, delivery } of members) {
      const refused = refusals.get(delivery)
      if (refused === undefined) {
        book.sent(letter, previous)
        onSent(letter)
      } else {
        book.refused(letter, previous)
        onRefused(letter, refused)
      }
    }
  }
}
