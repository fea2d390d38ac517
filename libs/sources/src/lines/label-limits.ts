import type { Label, Labels } from '@clymene/model'
import { cutText } from '@clymene/stages'

/** What a store takes of the labels of a stream; 0 is no limit. */
export type LabelLimits = {
  readonly maxNames: number
  /** UTF-8 bytes. */
  readonly maxNameBytes: number
  readonly maxValueBytes: number
  /** What becomes of a label beyond them: it is left out, goes with each line as structured metadata, or the line is refused, with all of its labels. */
  readonly action: 'drop' | 'metadata' | 'refuse'
}

/** What Loki 3 takes unless it is told otherwise: limits_config of its reference. */
export const LOKI_LABEL_LIMITS: LabelLimits = { maxNames: 15, maxNameBytes: 1024, maxValueBytes: 2048, action: 'drop' }

export type LabelOffence = { readonly label: string; readonly limit: 'names' | 'name_bytes' | 'value_bytes' | 'name_characters' | 'none' }

export type LimitedLabels = {
  readonly labels: Labels
  /** What goes with each line instead. */
  readonly metadata: Labels
  readonly refused: boolean
  readonly offences: readonly LabelOffence[]
}

/**
 * Too many labels: those by which lines are looked for stay first, then the others in the order of their names.
 * `service_name` is not counted, as Loki does not.
 */
const KEPT_FIRST: readonly string[] = [
  'cluster',
  'namespace',
  'pod',
  'container',
  'app',
  'component',
  'job',
  'stream',
  'node_name',
  'instance',
  'filename',
]
const UNCOUNTED = 'service_name'
/** What Loki says itself of lines without a label that names their service. It refuses a stream that has no label at all. */
const UNLABELLED: Label = [UNCOUNTED, 'unknown_service']
const LEGAL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export function limitLabels(labels: Labels, limits: LabelLimits): LimitedLabels {
  const offences = new Map<string, LabelOffence>()
  for (const [label, value] of labels) {
    const limit = offenceOf(label, value, limits)
    if (limit !== undefined) offences.set(label, { label, limit })
  }
  const counted = labels.filter(([name]) => name !== UNCOUNTED && !offences.has(name))
  if (limits.maxNames > 0 && counted.length > limits.maxNames) {
    const ranked = counted.map(([name]) => name).toSorted((a, b) => rank(a) - rank(b))
    for (const label of ranked.slice(limits.maxNames)) offences.set(label, { label, limit: 'names' })
  }
  if (limits.action === 'refuse' && offences.size > 0) {
    // A letter has to be readable.
    const readable = labels.map(([name, value]): Label => [QUOTED.test(name) ? legalName(name) : name, value])
    return { labels: readable, metadata: [], refused: true, offences: [...offences.values()] }
  }
  const moved = labels.filter(([name]) => offences.has(name))
  const left = offences.size === 0 ? labels : labels.filter(([name]) => !offences.has(name))
  if (left.length === 0) offences.set('', { label: UNCOUNTED, limit: 'none' })
  return {
    labels: left.length === 0 ? [UNLABELLED] : left,
    metadata: limits.action === 'metadata' ? withinMetadata(moved.map(([name, value]): Label => [legalName(name), value])) : [],
    refused: false,
    offences: [...offences.values()],
  }
}

function offenceOf(name: string, value: string, limits: LabelLimits): LabelOffence['limit'] | undefined {
  if (!LEGAL_NAME.test(name)) return 'name_characters'
  // The name is ASCII here.
  if (limits.maxNameBytes > 0 && name.length > limits.maxNameBytes) return 'name_bytes'
  // A UTF-16 unit is at most three bytes.
  if (limits.maxValueBytes > 0 && value.length * 3 > limits.maxValueBytes && Buffer.byteLength(value) > limits.maxValueBytes)
    return 'value_bytes'
  return undefined
}

/** Loki takes 128 pairs of an entry, and 64 KiB of names and values: half of it is left to what stages set. */
const MAX_METADATA_PAIRS = 64
const MAX_METADATA_BYTES = 32 * 1024

/** The first labels that go with each line; a value that does not fit is cut. */
function withinMetadata(labels: Labels): Labels {
  let left = MAX_METADATA_BYTES
  return labels.slice(0, MAX_METADATA_PAIRS).flatMap(([name, value]): Labels => {
    const cut = cutText(value, Math.max(0, left - name.length))
    if (name.length >= left || (cut === '' && value !== '')) return []
    left -= name.length + Buffer.byteLength(cut)
    return [[name, cut]]
  })
}

/** Names that stand for themselves only in quotes, or not at all. */
const QUOTED = /^$|[\s"'`=~!{},#]/

const rank = (name: string): number => {
  const index = KEPT_FIRST.indexOf(name)
  return index === -1 ? KEPT_FIRST.length : index
}

const legalName = (name: string): string => name.replaceAll(/[^A-Za-z0-9_]/gu, '_').replace(/^(?=\d|$)/, '_')
