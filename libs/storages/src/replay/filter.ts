import { errorMessage, KINDS, type Flag, type FlagValues, type Kind } from '@clymene/model'
import { compileRegex } from '@clymene/regex'
import { flag, parseDuration } from '@clymene/runtime'

import type { Letter } from './letter.ts'

/** A moment: how long ago, or an RFC 3339 time. */
export type Moment = { readonly agoMs: number } | { readonly timeMs: number }

/** `topic/partition/offset`, of which the front may be left out. */
export type Place = { readonly topic?: string; readonly partition?: number; readonly offset: bigint }

export const letterFilterFlags = {
  kind: flag.oneOf(['all', 'metrics', 'logs'], 'all', 'Kind of what is in them'),
  storage: flag.list('', 'Storages that refused them, comma list; empty is all, `send` needs one'),
  cluster: flag.list('', 'Clusters that they are of, comma list; empty is all'),
  topic: flag.list('', 'Topics that they stood on before, comma list; empty is all that are read'),
  offset: listOf('', 'Offsets that they stood at before, comma list of offset, partition/offset or topic/partition/offset', parsePlace),
  reason: declared<(reason: string) => boolean>(
    'text',
    '',
    'A part of the reason, or a regular expression (RE2) between slashes',
    parseReason,
  ),
  since: declared<Moment | undefined>('time', '', 'Refused at or after: 2h ago, or a time such as 2026-05-01T10:00:00Z', parseMoment),
  until: declared<Moment | undefined>('time', '', 'Refused before: 2h ago, or a time such as 2026-05-01T10:00:00Z', parseMoment),
}

export type LetterFilter = FlagValues<typeof letterFilterFlags>

/** Says of each letter whether it is asked for. */
export function letterFilter(filter: LetterFilter, nowMs: number): (letter: Letter) => boolean {
  const { kind, storage, cluster, topic, offset, reason, since, until } = filter
  const sinceMs = since === undefined ? -Infinity : momentMs(since, nowMs)
  const untilMs = until === undefined ? Infinity : momentMs(until, nowMs)
  const isAmong = (list: readonly string[], value: string): boolean => list.length === 0 || list.includes(value)
  return ({ note, message, place }) => {
    const origin = note.origin ?? place
    return (
      isAmong(storage, note.storage) &&
      isAmong(cluster, note.cluster) &&
      isAmong(topic, origin.topic) &&
      (kind === 'all' || message.kind === kind) &&
      note.timeMs >= sinceMs &&
      note.timeMs < untilMs &&
      reason(note.reason) &&
      (offset.length === 0 || offset.some((one) => isAt(one, origin)))
    )
  }
}

/** The kinds whose topics have to be read. */
export const kindsOf = ({ kind }: Pick<LetterFilter, 'kind'>): readonly Kind[] => (kind === 'all' ? KINDS : [kind])

export const momentMs = (moment: Moment, nowMs: number): number => ('agoMs' in moment ? nowMs - moment.agoMs : moment.timeMs)

const isAt = (wanted: Place, found: { readonly topic: string; readonly partition: number; readonly offset: bigint }): boolean =>
  wanted.offset === found.offset &&
  (wanted.partition === undefined || wanted.partition === found.partition) &&
  (wanted.topic === undefined || wanted.topic === found.topic)

function parseReason(text: string): (reason: string) => boolean {
  const [, pattern] = /^\/(.+)\/$/s.exec(text) ?? []
  if (pattern === undefined) return (reason) => reason.includes(text)
  try {
    return compileRegex(pattern).test
  } catch (error) {
    throw new Error(`expected a regular expression between slashes: ${errorMessage(error)}`, { cause: error })
  }
}

function parseMoment(text: string): Moment | undefined {
  if (text === '') return undefined
  if (/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) && !Number.isNaN(Date.parse(text)))
    return { timeMs: Date.parse(text) }
  try {
    return { agoMs: parseDuration(text) }
  } catch (error) {
    throw new Error('expected a duration such as 2h, or a time such as 2026-05-01T10:00:00Z', { cause: error })
  }
}

function parsePlace(text: string): Place {
  const [, topic, partition, offset] = /^(?:(?:(.+)\/)?(\d{1,9})\/)?(\d{1,19})$/.exec(text) ?? []
  if (offset === undefined) throw new Error(`expected offset, partition/offset or topic/partition/offset, found "${text}"`)
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(partition === undefined ? {} : { partition: Number(partition) }),
    offset: BigInt(offset),
  }
}

function declared<T>(type: string, fallback: string, help: string, parse: (text: string) => T): Flag<T> {
  return { type, help, parse, default: parse(fallback), defaultText: fallback }
}

function listOf<T>(fallback: string, help: string, parse: (text: string) => T): Flag<readonly T[]> {
  const list = flag.list(fallback, help)
  return declared('list', fallback, help, (text) => list.parse(text).map(parse))
}
