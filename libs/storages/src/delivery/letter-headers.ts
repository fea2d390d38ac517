import type { EnvelopeHeaders, Origin } from '@clymene/model'

/** Why a message became a dead letter, and where it stood before. */
export type LetterNote = {
  readonly storage: string
  /** At most {@link MAX_REASON_BYTES} as UTF-8. */
  readonly reason: string
  /** What the storage answered: HTTP or gRPC. Absent when it was not asked, as the message cannot be read. */
  readonly status?: number
  /** When it was refused, milliseconds since the epoch. */
  readonly timeMs: number
  /** '' when nothing says it; at most {@link MAX_CLUSTER_BYTES} as UTF-8. */
  readonly cluster: string
  /** Index, within the message, of the first sample or entry of the letter. */
  readonly position: number
  /** Where the message stood; absent when it did not pass a bus. */
  readonly origin?: Omit<Origin, 'logId'>
}

/** One of the parts of a letter that is larger than the bus takes. */
export type LetterPart = {
  /** Tells the parts of one letter from those of all others. */
  readonly id: string
  /** Counted from 1. */
  readonly number: number
  readonly count: number
}

/**
 * The headers of a dead letter, beside those of the message:
 *
 *     clymene-dl-storage     who refused it
 *     clymene-dl-reason      at most 1 KiB
 *     clymene-dl-status      what it answered
 *     clymene-dl-time        when, milliseconds since the epoch
 *     clymene-dl-cluster
 *     clymene-dl-topic       where the message stood …
 *     clymene-dl-partition
 *     clymene-dl-offset
 *     clymene-dl-timestamp   … and when the bus took it there, milliseconds since the epoch
 *     clymene-dl-position    first sample or entry of the message that is in the letter
 *     clymene-dl-part        <number>/<count> when it goes in parts
 *     clymene-dl-id          the same in all parts of one letter
 *     clymene-dl-wrapped     `1` when its key and further headers stand in its value, see wrapped-letter.ts
 */
const PREFIX = 'clymene-dl-'

export const MAX_REASON_BYTES = 1024
const MAX_CLUSTER_BYTES = 256

export function noteHeaders({ storage, reason, status, timeMs, cluster, position, origin }: LetterNote): Record<string, string> {
  return {
    [`${PREFIX}storage`]: storage,
    [`${PREFIX}reason`]: cut(reason, MAX_REASON_BYTES),
    [`${PREFIX}time`]: String(timeMs),
    [`${PREFIX}position`]: String(position),
    ...(cluster === '' ? {} : { [`${PREFIX}cluster`]: cut(cluster, MAX_CLUSTER_BYTES) }),
    ...(status === undefined ? {} : { [`${PREFIX}status`]: String(status) }),
    ...(origin === undefined
      ? {}
      : {
          [`${PREFIX}topic`]: origin.topic,
          [`${PREFIX}partition`]: String(origin.partition),
          [`${PREFIX}offset`]: String(origin.offset),
          [`${PREFIX}timestamp`]: String(origin.timestampMs),
        }),
  }
}

export const partHeaders = ({ id, number, count }: LetterPart): Record<string, string> => ({
  [`${PREFIX}part`]: `${number}/${count}`,
  [`${PREFIX}id`]: id,
})

export const WRAPPED_HEADERS: Readonly<Record<string, string>> = { [`${PREFIX}wrapped`]: '1' }

type Extra = Readonly<Record<string, string>>

export const isWrapped = (extra: Extra | undefined): boolean => extra?.[`${PREFIX}wrapped`] === '1'

/** What a message has of further headers, without what a dead letter says of itself; undefined when there is none. */
export function withoutNote(extra: Extra | undefined): Extra | undefined {
  const own = Object.entries(extra ?? {}).filter(([name]) => !name.startsWith(PREFIX))
  return own.length === 0 ? undefined : Object.fromEntries(own)
}

/** The other half: what a dead letter says of itself. */
export const onlyNote = (extra: Extra): Extra => Object.fromEntries(Object.entries(extra).filter(([name]) => name.startsWith(PREFIX)))

/** What the headers of a message on a dead-letter topic say; undefined when it is no letter. What is malformed counts as not there. */
export function readNote(extra: Extra | undefined, headers: EnvelopeHeaders, fallbackMs: number): LetterNote | undefined {
  const storage = extra?.[`${PREFIX}storage`]
  if (extra === undefined || storage === undefined) return undefined
  const status = wholeNumber(extra[`${PREFIX}status`])
  const origin = readOrigin(extra)
  return {
    storage,
    reason: extra[`${PREFIX}reason`] ?? '',
    ...(status === undefined ? {} : { status }),
    timeMs: wholeNumber(extra[`${PREFIX}time`]) ?? fallbackMs,
    cluster: extra[`${PREFIX}cluster`] ?? headers.cluster ?? '',
    position: wholeNumber(extra[`${PREFIX}position`]) ?? 0,
    ...(origin === undefined ? {} : { origin }),
  }
}

/** Undefined when it is no part; parts that nothing can join have the id ''. */
export function readPart(extra: Extra | undefined): LetterPart | undefined {
  const [, number, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(extra?.[`${PREFIX}part`] ?? '') ?? []
  return number === undefined ? undefined : { id: extra?.[`${PREFIX}id`] ?? '', number: Number(number), count: Number(count) }
}

function readOrigin(extra: Extra): LetterNote['origin'] {
  const topic = extra[`${PREFIX}topic`]
  const partition = wholeNumber(extra[`${PREFIX}partition`])
  const offset = extra[`${PREFIX}offset`]
  if (topic === undefined || partition === undefined || offset === undefined || !/^\d{1,19}$/.test(offset)) return undefined
  return { topic, partition, offset: BigInt(offset), timestampMs: wholeNumber(extra[`${PREFIX}timestamp`]) ?? 0 }
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** The start of a text that takes at most so many bytes as UTF-8, whole characters. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  return bytes.length <= maxBytes
    ? text
    : bytes
        .subarray(0, maxBytes)
        .toString()
        .replace(/\uFFFD+$/, '')
}
