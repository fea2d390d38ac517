import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

import { errorMessage, KINDS, type Kind } from '@clymene/model'

import type { Count, ReplayAccount } from './account.ts'

/** What was sent from one dead-letter topic to one storage: the state that `clymene replay` keeps in the store of the ledger. */
export type ReplayState = {
  readonly kind: Kind
  readonly storage: string
  /** The topic that the letters came from before they were ones: `clymene`, not `clymene-dead-letter`. */
  readonly topic: string
  readonly clusters: readonly ClusterReplays[]
  /** Letters that the storage has by now. */
  readonly sent: readonly LetterRange[]
  /** Letters that it refused once more; those of them that it took later are in `sent` too. */
  readonly refused: readonly LetterRange[]
}

/** Letters, and the samples or entries in them. */
export type ClusterReplays = { readonly cluster: string; readonly replayed: Count; readonly refused: Count }

/**
 * The storage's letters of one partition of the dead-letter topic from offset `from` to before `to`. Their times tell them from
 * those of a topic that was made anew, whose offsets begin again.
 */
export type LetterRange = {
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
  /** When the bus took the oldest and the newest of them, milliseconds since the epoch. */
  readonly minMs: number
  readonly maxMs: number
}

const PREFIX = 'replay/'
const VERSION = 1
/** A state that claims more is damaged. */
const MAX_STATE_BYTES = 64 * 1024 * 1024

/** Name of the state in the store of the ledger. */
export const replayStateName = (storage: string, topic: string): string => `${PREFIX}${storage}/${topic}`

export const isReplayState = (name: string): boolean => name.startsWith(PREFIX)

export function encodeReplayState({ sent, refused, ...rest }: ReplayState): Buffer {
  const ranges = (list: readonly LetterRange[]) =>
    list.map(({ partition, from, to, minMs, maxMs }) => [partition, String(from), String(to), minMs, maxMs])
  return zstdCompressSync(JSON.stringify({ version: VERSION, ...rest, sent: ranges(sent), refused: ranges(refused) }))
}

/** @throws Error naming what is not as expected. */
export function decodeReplayState(state: Buffer): ReplayState {
  try {
    const found: unknown = JSON.parse(zstdDecompressSync(state, { maxOutputLength: MAX_STATE_BYTES }).toString())
    const { version, kind, storage, topic, clusters, sent, refused } = fieldsOf(found, 'an object')
    if (version !== VERSION) throw new Error(`version ${JSON.stringify(version)}, expected ${VERSION}`)
    return {
      kind: KINDS.find((one) => one === kind) ?? fail('kind', 'metrics or logs'),
      storage: textOf(storage, 'storage'),
      topic: textOf(topic, 'topic'),
      clusters: listOf(clusters, 'clusters').map(clusterOf),
      sent: listOf(sent, 'sent').map(rangeOf),
      refused: listOf(refused, 'refused').map(rangeOf),
    }
  } catch (error) {
    throw new Error(`state of replays is damaged: ${errorMessage(error)}`, { cause: error })
  }
}

/** The accounts of one state, a cluster each, for the report of the ledger. */
export const replayAccountsOf = ({ kind, storage, topic, clusters }: ReplayState): readonly ReplayAccount[] =>
  clusters.map((one) => ({ kind, storage, topic, ...one }))

const fail = (name: string, expected: string): never => {
  throw new Error(`${name}: expected ${expected}`)
}

const fieldsOf = (value: unknown, expected: string): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : fail('state', expected)

const textOf = (value: unknown, name: string): string => (typeof value === 'string' ? value : fail(name, 'a text'))
const listOf = (value: unknown, name: string): readonly unknown[] => (Array.isArray(value) ? value : fail(name, 'a list'))
const countOf = (value: unknown, name: string): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fail(name, 'a whole number of at least 0')

function clusterOf(value: unknown): ClusterReplays {
  const { cluster, replayed, refused } = fieldsOf(value, 'a cluster')
  return { cluster: textOf(cluster, 'cluster'), replayed: lettersOf(replayed), refused: lettersOf(refused) }
}

function lettersOf(value: unknown): Count {
  const { messages, records } = fieldsOf(value, 'a count')
  return { messages: countOf(messages, 'messages'), records: countOf(records, 'records') }
}

function rangeOf(value: unknown): LetterRange {
  const [partition, from, to, minMs, maxMs] = listOf(value, 'range')
  const range = {
    partition: countOf(partition, 'partition'),
    from: offsetOf(from),
    to: offsetOf(to),
    minMs: timeOf(minMs),
    maxMs: timeOf(maxMs),
  }
  return range.from < range.to ? range : fail('range', 'offsets that rise')
}

const offsetOf = (value: unknown): bigint =>
  typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : fail('offset', 'a whole number in decimal')
const timeOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : fail('time', 'a number'))
