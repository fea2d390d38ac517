import type { Source } from '@clymene/model'

import { collectTerm } from './collect-term.ts'
import { createComplaints } from './complaints.ts'
import { runElection, type Term } from './election.ts'
import { createEventMetrics } from './event-metrics.ts'
import { createLeaseClient } from './lease.ts'
import type { EventSourceOptions } from './options.ts'
import { loadPosition } from './position-file.ts'
import { parsePosition } from './position.ts'

export type EventSource = Source & {
  /** What the API server refuses, which only an operator can mend. */
  readonly refusal: () => string | undefined
}

/**
 * The events of a cluster, and how its containers ended, as log entries. Of all agents with the same Lease one collects; it goes on from what
 * the one before has handed on, which is what its buffer had acknowledged: what was acknowledged within the last second before a kill comes
 * twice, with the same time and line, nothing is passed over.
 */
export function createEventSource(options: EventSourceOptions): EventSource {
  const { api, lease, positionPath, logger } = options
  const eventMetrics = createEventMetrics(options.metrics)
  const { namespaces } = options
  const complaints = createComplaints({ metrics: eventMetrics, logger, namespaces, leaseNamespace: lease?.namespace ?? '' })

  return {
    refusal: complaints.refusal,
    run: async (emit, signal) => {
      const { id, position: first } = await loadPosition(positionPath, logger)
      let own = first
      const collect = async ({ position, isOwnAgain, ...term }: Term): Promise<void> => {
        const handOn = (text: string): void => {
          own = text
          term.handOn(text)
        }
        const ofFile = () => parsePosition(own, positionPath, logger)
        const ofLease = () => parsePosition(position, 'annotation of the Lease', logger)
        const begin = isOwnAgain ? (ofFile() ?? ofLease()) : (ofLease() ?? ofFile())
        logger.info('collects events of the cluster', { goesOn: begin !== undefined })
        await collectTerm({ ...options, id, position: begin, term: { ...term, handOn }, complaints, eventMetrics }, emit, signal)
        if (!term.holds()) logger.warn('collects no events of the cluster any more: the Lease is lost')
      }
      try {
        if (lease === undefined) {
          eventMetrics.leads(true)
          return await collect(ALONE)
        }
        const election = {
          lease: createLeaseClient(api, lease),
          identity: `${lease.holder}_${id}`,
          times: lease.times,
          leads: eventMetrics.leads,
          failed: (error: unknown, repeats: number) => complaints.failed('lease', error, repeats),
          succeeded: () => complaints.succeeded('lease'),
        }
        await runElection(election, collect, signal)
      } finally {
        eventMetrics.leads(false)
        await api.close()
      }
    },
  }
}

const ALONE: Term = {
  position: '',
  isOwnAgain: true,
  lost: new AbortController().signal,
  holds: () => true,
  handOn: () => undefined,
}
