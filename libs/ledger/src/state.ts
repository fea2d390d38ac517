import { DecodeError } from '@clymene/model'

import { newAgentBook, type AgentBook } from './agent-book.ts'
import { idOf, type BookState } from './book.ts'
import { fromCompressedJson, toCompressedJson } from './compressed-json.ts'
import { createExceptions, type Exceptions } from './exceptions.ts'
import { Fields } from './fields.ts'
import { newSequences } from './key-sequences.ts'
import { OUTCOMES, type BookPlace } from './outcome.ts'
import type { SequenceRun } from './sequence-run.ts'

/*
 * A state is JSON compressed by zstd, lists of fields in their order; offsets are texts, as they may be larger than a number.
 *
 *   book        ['book', 1, place…, from, upTo, earlier, newestMs, expired, unattributed, savedAt, generation, agents]
 *   place       kind, storage, group, topic, partition
 *   agent       [cluster, agent, stored…, repeatedInBus…, repeatedInStorage…, deadLetters…, epochs, keys], each messages, records
 *   epoch       [epoch, distinct, missing, jumped]
 *   key         [key, runs]
 *   run         [epoch, lowest, highest, before or -1, ranges that are missing, cut messages [[sequence, positions]]]
 *
 *   exceptions  ['exceptions', 1, place…, [[offset, outcome, records, refused]], [[offset, expired]]]
 */
const VERSION = 1

/** The state as it is now: what happens while it is compressed is not in it. */
export function encodeBook(state: BookState): Promise<Buffer> {
  const { place, from, upTo, earlier, newestMs, expired, unattributed, savedAt, generation, agents } = state
  return toCompressedJson([
    'book',
    VERSION,
    ...placeFields(place),
    String(from),
    String(upTo),
    earlier,
    newestMs,
    expired,
    unattributed,
    savedAt,
    generation,
    Array.from(agents.values(), agentFields),
  ])
}

/** @returns undefined for a state that is something else's. @throws DecodeError */
export function decodeBook(bytes: Buffer): BookState | undefined {
  const fields = fieldsOf(bytes, 'book')
  if (fields === undefined) return undefined
  const state = {
    place: placeOf(fields),
    from: fields.offset(),
    upTo: fields.offset(),
    earlier: fields.count(),
    newestMs: fields.count(),
    expired: fields.count(),
    unattributed: fields.count(),
    savedAt: fields.count(),
    generation: fields.count(),
  }
  const agents = fields.each('agent', agentOf)
  return { ...state, agents: new Map(agents.map((one) => [idOf(one.cluster, one.agent), one])) }
}

export const encodeExceptions = (place: BookPlace, { settled, expired }: Exceptions): Promise<Buffer> =>
  toCompressedJson([
    'exceptions',
    VERSION,
    ...placeFields(place),
    Array.from(settled, ([offset, { outcome, records, refused }]) => [String(offset), OUTCOMES.indexOf(outcome), records, refused]),
    Array.from(expired, ([offset, messages]) => [String(offset), messages]),
  ])

/** @throws DecodeError */
export function decodeExceptions(bytes: Buffer): Exceptions {
  const fields = fieldsOf(bytes, 'exceptions')
  const exceptions = createExceptions()
  if (fields === undefined) return exceptions
  placeOf(fields)
  fields.each('exception', (one) => {
    const offset = one.offset()
    const outcome = OUTCOMES[one.count()]
    if (outcome === undefined) throw new DecodeError('state of a book: expected an outcome', 0)
    exceptions.settled.set(offset, { outcome, records: one.count(), refused: one.count() })
  })
  fields.each('expired', (one) => exceptions.expired.set(one.offset(), one.count()))
  return exceptions
}

function fieldsOf(bytes: Buffer, name: string): Fields | undefined {
  const fields = new Fields(fromCompressedJson(bytes), name)
  if (fields.text() !== name) return undefined
  const version = fields.count()
  if (version !== VERSION) throw new DecodeError(`state of a book: expected version ${VERSION}, found ${version}`, 0)
  return fields
}

const placeFields = ({ kind, storage, group, topic, partition }: BookPlace) => [kind, storage, group, topic, partition]

const placeOf = (fields: Fields): BookPlace => ({
  kind: fields.text() === 'logs' ? 'logs' : 'metrics',
  storage: fields.text(),
  group: fields.text(),
  topic: fields.text(),
  partition: fields.count(),
})

const TALLIES = ['stored', 'repeatedInBus', 'repeatedInStorage', 'deadLetters'] as const

const agentFields = (book: AgentBook) => [
  book.cluster,
  book.agent,
  ...TALLIES.flatMap((name) => [book[name].messages, book[name].records]),
  book.epochs.map(({ epoch, distinct, missing, jumped }) => [epoch, distinct, missing, jumped]),
  Array.from(book.keys, ([key, { runs }]) => [key, runs.map(runFields)]),
]

function agentOf(fields: Fields): AgentBook {
  const book = newAgentBook(fields.text(), fields.text())
  for (const name of TALLIES) {
    book[name].messages = fields.count()
    book[name].records = fields.count()
  }
  book.epochs.push(
    ...fields.each('epoch', (one) => ({ epoch: one.count(), distinct: one.count(), missing: one.count(), jumped: one.count() })),
  )
  fields.each('key', (one) => newSequences(book.keys, one.text(), one.each('run', runOf)))
  return book
}

const runFields = ({ epoch, lowest, highest, before, missing, cuts }: SequenceRun) => [
  epoch,
  lowest,
  highest,
  before ?? -1,
  missing,
  [...(cuts ?? [])],
]

function runOf(fields: Fields): SequenceRun {
  const [epoch, lowest, highest, before] = [fields.count(), fields.count(), fields.count(), fields.count()]
  const missing = fields.counts()
  const cuts = fields.each('cut', (one) => [one.count(), one.counts()] as const)
  return {
    epoch,
    lowest,
    highest,
    before: before === -1 ? undefined : before,
    missing,
    cuts: cuts.length === 0 ? undefined : new Map(cuts),
  }
}
