import type { Emit } from '@clymene/model'
import { createLabelSet } from '@clymene/stages'

import { createEntryWriter } from '../lines/entry-writer.ts'
import { patientEmit } from '../lines/patient-emit.ts'
import type { Complaints } from './complaints.ts'
import type { Term } from './election.ts'
import type { EntryContext } from './event-entry.ts'
import type { Asked, EventMetrics } from './event-metrics.ts'
import { createFewValues } from './few-values.ts'
import type { EventSourceOptions } from './options.ts'
import { createPositionKeeper } from './position-keeper.ts'
import type { EventPosition } from './position.ts'
import { watchEvents, watchTerminations } from './watch-events.ts'

export type TermOptions = Omit<EventSourceOptions, 'metrics'> & {
  readonly id: string
  readonly position: EventPosition | undefined
  readonly term: Pick<Term, 'lost' | 'holds' | 'handOn'>
  readonly complaints: Complaints
  readonly metrics: EventSourceOptions['metrics']
  readonly eventMetrics: EventMetrics
}

const STOP_WAIT_MS = 5000
/** Servers keep no cache of events, and without it send no bookmarks: that a watch ends in time is the sign that it lives. */
const WATCH_SECONDS = [60, 120] as const
/** Kinds and reasons are names that controllers make up. */
const MOST_VALUES = 1000

/**
 * Collects until `stop` aborts, then hands over what is left; or until the term is lost, then it hands over nothing more, because whoever has
 * it now goes on from what was handed on. @throws what emit rejects with for good
 */
export async function collectTerm(options: TermOptions, emit: Emit, stop: AbortSignal): Promise<void> {
  const { term, eventMetrics: metrics, complaints, logger, now = Date.now } = options
  const oldestNs = BigInt(Math.floor(now() - options.maxAgeMs)) * 1_000_000n
  const failed = new AbortController()
  const drain = new AbortController()
  const end = AbortSignal.any([stop, term.lost, failed.signal])
  let patience: NodeJS.Timeout | undefined
  const beginPatience = (): void => {
    patience = setTimeout(() => drain.abort(), options.stopWaitMs ?? STOP_WAIT_MS)
  }
  stop.addEventListener('abort', beginPatience, { once: true })
  if (stop.aborted) beginPatience()
  const { positionPath: path, id, position } = options
  const keeper = createPositionKeeper({ path, id, position, oldestNs, handOn: term.handOn, metrics, logger })
  const writer = createEntryWriter(
    { ...options, stages: [], stream: 'kubernetes-events', now },
    heldEmit(options, emit, () => failed.abort()),
    AbortSignal.any([drain.signal, term.lost]),
  )
  const entry: EntryContext = {
    base: createLabelSet(options.labels),
    form: options.form,
    fewKinds: createFewValues(MOST_VALUES, () => metrics.overflowed('kind')),
    fewReasons: createFewValues(MOST_VALUES, () => metrics.overflowed('reason')),
    now,
  }
  const common = (asked: Asked, namespace: string, resource: string) => ({
    api: options.api,
    limits: { ...options.limits, watchSeconds: WATCH_SECONDS },
    path: `/api/v1${namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${resource}`,
    name: namespace === '' ? asked : `${asked}/${namespace}`,
    heard: () => {
      metrics.heard(asked)
      complaints.succeeded(asked)
    },
    restarted: (reason: 'timeout' | 'failure' | 'expired') => metrics.restarted(asked, reason),
    failed: (error: unknown, repeats: number) => complaints.failed(asked, error, repeats),
    leftOut: () => metrics.leftOut(asked),
    keeper,
    write: writer.write,
    entry,
    written: () => metrics.written(asked),
    acknowledged: () => metrics.acknowledged(asked),
  })
  const excluded = options.excludeNamespaces.map((name) => `metadata.namespace!=${name}`)
  const selectorOf = (...selectors: readonly string[]): string => [...selectors, ...excluded].filter(Boolean).join(',')
  const namespaces = options.namespaces.length === 0 ? [''] : options.namespaces
  const watches = namespaces.flatMap((namespace) => [
    ...(options.events
      ? [watchEvents({ ...common('events', namespace, 'events'), fieldSelector: selectorOf(options.fieldSelector), oldestNs }, end)]
      : []),
    ...(options.terminations
      ? [watchTerminations({ ...common('terminations', namespace, 'pods'), fieldSelector: selectorOf() }, end)]
      : []),
  ])
  // Whatever ends one ends all.
  const outcomes = await Promise.allSettled(
    watches.map((watch) =>
      watch.catch((error: unknown) => {
        failed.abort()
        throw error
      }),
    ),
  )
  try {
    // After a failure it says it again.
    await writer.finish()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  } catch (error) {
    if (term.holds() && !drain.signal.aborted) throw error
  } finally {
    clearTimeout(patience)
    stop.removeEventListener('abort', beginPatience)
    metrics.forgotten()
    await keeper.settled()
  }
}

/** Gives batches on only while the term is held. */
function heldEmit({ term, eventMetrics, logger, backoff = {} }: TermOptions, emit: Emit, broken: () => void): Emit {
  const { refused } = eventMetrics
  return patientEmit({ what: 'events', refused, broken, logger, backoff }, async (batch, signal) => {
    if (!term.holds()) throw new DOMException('another agent may collect now', 'AbortError')
    await emit(batch, signal)
  })
}
