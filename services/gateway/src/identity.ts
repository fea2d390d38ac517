import { createHash } from 'node:crypto'

import { envelopeKey, type EnvelopeHeaders } from '@clymene/model'
import type { ScannedMessage } from '@clymene/wire'

/** Who a message is from, as far as order goes: its key, and the headers that say so. */
export type Identity = { readonly key: string; readonly headers: EnvelopeHeaders; readonly isNumbered: boolean }

/**
 * A sender that numbers its messages is told by its own headers. For any other it is the cluster and replica label of the first
 * series, the same at every gateway and over restarts, and never its address: its messages then stay in one partition.
 */
export function identityOf(message: ScannedMessage, received: EnvelopeHeaders): Identity {
  const tenant = received.tenant ?? message.tenant
  const named = tenant === undefined ? received : { ...received, tenant }
  if (received.agent !== undefined && received.epoch !== undefined && received.sequence !== undefined) {
    return { key: envelopeKey(named), headers: named, isNumbered: true }
  }
  const [label = '', ...replicas] = message.firstLabels(IDENTITY_LABELS)
  const cluster = bounded(received.cluster ?? label)
  const stream = bounded(replicas.join(''))
  const headers = { ...named, ...(cluster === '' ? {} : { cluster }), ...(stream === '' ? {} : { stream }) }
  const { agent: _, ...place } = headers
  return { key: envelopeKey(place), headers, isNumbered: false }
}

/** Labels that tell the senders of one cluster apart when nothing else does (an HA pair of Prometheus: `__replica__`). */
const IDENTITY_LABELS = ['cluster', '__replica__', 'replica']

const MAX_LENGTH = 128

/** A label value may have megabytes; a key is kept and travels with every message. */
const bounded = (text: string): string =>
  text.length <= MAX_LENGTH ? text : `sha256-${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
