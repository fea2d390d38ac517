import { createHash } from 'node:crypto'

import { envelopeKey, type EnvelopeHeaders } from '@clymene/model'
import type { ExpectedLabel, ScannedMessage } from '@clymene/wire'

import { ForbiddenError } from './answer.ts'
import type { Grant } from './credentials/tokens.ts'

/** Who a message is from, as far as order goes: its key, and the headers that say so. */
export type Identity = { readonly key: string; readonly headers: EnvelopeHeaders; readonly isNumbered: boolean }

const CLUSTER = 'cluster'

/** What a message is to be read with, so that {@link identityOf} knows of every series and stream that names another cluster. */
export const expectedLabel = (grant: Grant | undefined): ExpectedLabel | undefined =>
  grant?.cluster === undefined ? undefined : { name: CLUSTER, value: grant.cluster }

/**
 * A sender that numbers its messages is told by its own headers. Any other is told by the name of its token; without one by the cluster
 * and replica label of the first series, the same at every gateway and over restarts, and never by its address. Its messages then stay
 * in one partition.
 *
 * @throws ForbiddenError when the token belongs to another cluster or tenant than the message names, in its headers, its labels or
 *   its tenant
 */
export function identityOf(message: ScannedMessage, received: EnvelopeHeaders, grant?: Grant): Identity {
  const tenant = allowed('tenant', grant, [received.tenant, message.tenant])
  const cluster = allowed(CLUSTER, grant, [received.cluster])
  if (grant !== undefined && message.otherValue !== undefined) {
    throw forbidden(CLUSTER, grant, `${quoted(message.otherValue)} (label of a ${message.kind === 'metrics' ? 'series' : 'stream'})`)
  }
  const named = { ...received, ...(tenant === undefined ? {} : { tenant }), ...(cluster === undefined ? {} : { cluster }) }
  if (received.agent !== undefined && received.epoch !== undefined && received.sequence !== undefined) {
    return { key: envelopeKey(named), headers: named, isNumbered: true }
  }
  const headers = { ...named, ...(grant === undefined ? placeByLabels(message, cluster) : { stream: grant.name }) }
  const { agent: _, ...place } = headers
  return { key: envelopeKey(place), headers, isNumbered: false }
}

/** What the token says, else what the sender says first. */
function allowed(what: 'cluster' | 'tenant', grant: Grant | undefined, claims: readonly (string | undefined)[]): string | undefined {
  const granted = grant?.[what]
  if (granted === undefined) return claims.find((claim) => claim !== undefined)
  const other = claims.find((claim) => claim !== undefined && claim !== '' && claim !== granted)
  if (grant === undefined || other === undefined) return granted
  throw forbidden(what, grant, quoted(other))
}

const forbidden = (what: 'cluster' | 'tenant', grant: Grant, found: string): ForbiddenError =>
  new ForbiddenError(`the token ${quoted(grant.name)} is for ${what} ${quoted(grant[what] ?? '')}, not for ${found}`)

/** On one line, whatever a sender says. */
const quoted = (text: string): string => JSON.stringify(text.slice(0, MAX_LENGTH))

function placeByLabels(message: ScannedMessage, claimed: string | undefined): EnvelopeHeaders {
  const [label = '', ...replicas] = message.firstLabels(IDENTITY_LABELS)
  const cluster = bounded(claimed ?? label)
  const stream = bounded(replicas.join(''))
  return { ...(cluster === '' ? {} : { cluster }), ...(stream === '' ? {} : { stream }) }
}

/** Labels that tell the senders of one cluster apart when nothing else does (an HA pair of Prometheus: `__replica__`). */
const IDENTITY_LABELS = [CLUSTER, '__replica__', 'replica']

const MAX_LENGTH = 128

/** A label value may have megabytes; a key is kept and travels with every message. */
const bounded = (text: string): string =>
  text.length <= MAX_LENGTH ? text : `sha256-${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
