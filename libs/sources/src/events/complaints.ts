import { ApiError } from '@clymene/discovery'
import type { Logger } from '@clymene/model'
import { connectionFailure, createOnceIn } from '@clymene/runtime'

import type { Asked, EventMetrics } from './event-metrics.ts'

export type Complaints = {
  /** @param repeats failures like it in a row, this one included */
  readonly failed: (asked: Asked, error: unknown, repeats: number) => void
  readonly succeeded: (asked: Asked) => void
  /** What only an operator can mend: what the API server refuses. */
  readonly refusal: () => string | undefined
}

export type ComplaintsOptions = {
  readonly metrics: Pick<EventMetrics, 'failed'>
  readonly logger: Logger
  /** Namespaces that are watched; none is all. */
  readonly namespaces: readonly string[]
  readonly leaseNamespace: string
}

/** Tells what lasts, once a minute; a single break and a server that starts and does not know its rules yet are part of the day. */
export function createComplaints({ metrics, logger, namespaces, leaseNamespace }: ComplaintsOptions): Complaints {
  const onceInAMinute = createOnceIn(60_000)
  const refusals = new Map<Asked, string>()
  const told = new Set<Asked>()
  const role = namespaces.length === 0 ? 'ClusterRole' : `Role in ${namespaces.join(', ')}`
  const grants: Readonly<Record<Asked, string>> = {
    events: `it needs a ${role} with the verbs list and watch for events of the API group ""`,
    terminations: `it needs a ${role} with the verbs list and watch for pods of the API group ""`,
    lease: `it needs a Role in ${leaseNamespace} with the verbs get, create and update for leases of the API group "coordination.k8s.io"`,
  }
  return {
    failed: (asked, error, repeats) => {
      metrics.failed(asked, error)
      const isApiError = error instanceof ApiError
      const isRefusal = isApiError && (error.status === 401 || error.status === 403)
      const isWrong = isApiError && [400, 404, 422].includes(error.status)
      const { message, needsOperator } = isApiError
        ? {
            message: `${WHAT[asked]}: the Kubernetes API ${error.message}${error.status === 403 ? `; ${grants[asked]}` : ''}`,
            needsOperator: false,
          }
        : connectionFailure(error, `${WHAT[asked]}, tried again`)
      if (isRefusal && repeats > 1) refusals.set(asked, message)
      if (repeats <= 1 && !isWrong) return logger.debug(message)
      const level = needsOperator || isRefusal || isWrong || /not inside a cluster/.test(message) ? 'error' : 'warn'
      return onceInAMinute(asked, (heldBack) => {
        told.add(asked)
        logger[level](message, heldBack === 0 ? {} : { heldBack })
      })
    },
    succeeded: (asked) => {
      refusals.delete(asked)
      if (told.delete(asked)) logger.info(`${WHAT[asked].replace('cannot be', 'can be')} again`)
    },
    refusal: () => refusals.values().next().value,
  }
}

const WHAT: Readonly<Record<Asked, string>> = {
  events: 'events of the cluster cannot be watched',
  terminations: 'pods cannot be watched for ended containers',
  lease: 'the Lease of who collects events cannot be held',
}
