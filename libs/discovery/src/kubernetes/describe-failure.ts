import { errorMessage } from '@clymene/model'
import { connectionFailure } from '@clymene/runtime'

import { ApiError } from './api-error.ts'
import { RESOURCES } from './resources.ts'
import { selectionText, type Selection } from './watch-request.ts'

export type DescribedFailure = {
  readonly level: 'debug' | 'warn' | 'error'
  readonly message: string
  /** Equal for failures that are the same but for details. */
  readonly kind: string
}

/**
 * What to tell of a failed request. A single break, a token that was just replaced, a server that starts and does not know its rules yet are
 * part of the day; what lasts is told, and what only an operator can mend is an error with the way to mend it.
 *
 * @param repeats failures like this in a row.
 */
export function describeFailure(error: unknown, selection: Selection, repeats: number): DescribedFailure {
  const what = selectionText(selection)
  if (!(error instanceof ApiError)) {
    const { message, needsOperator } = connectionFailure(error, `cannot watch ${what}, the targets known stay`)
    return { level: needsOperator || isOwnMistake(error) ? 'error' : repeats > 1 ? 'warn' : 'debug', message, kind: 'connection' }
  }
  const kind = String(error.status)
  const message = `cannot list and watch ${what}: the Kubernetes API ${error.message}`
  switch (error.status) {
    case 401:
      return { level: repeats > 1 ? 'error' : 'debug', message: `${message}; the token or certificate is wrong or has expired`, kind }
    case 403:
      return { level: repeats > 1 ? 'error' : 'debug', message: `${message}; ${grant(selection)}`, kind }
    case 301:
    case 302:
    case 307:
    case 308:
    case 400:
    case 404:
    case 422:
      return { level: 'error', message, kind }
    default:
      return { level: repeats > 1 ? 'warn' : 'debug', message, kind }
  }
}

function grant({ resource, namespace }: Selection): string {
  const { apiGroup } = RESOURCES[resource]
  const kind = namespace === '' ? 'ClusterRole' : `Role in ${namespace}`
  return `it needs a ${kind} with the verbs list and watch for ${resource} of the API group ${JSON.stringify(apiGroup)}`
}

/** A file or variable that is missing, rather than a server. */
const isOwnMistake = (error: unknown): boolean => /^(?:cannot read|not inside a cluster|.* is empty)/.test(errorMessage(error))
