import type { Delivery } from '@clymene/model'
import type { MessageReader } from '@clymene/wire'

import type { BodySize } from '../delivery/limits.ts'
import { prepare } from '../delivery/prepare.ts'
import type { Letter } from './letter.ts'

export type PreparedLetter =
  | { readonly kind: 'delivery'; readonly delivery: Delivery; readonly size: BodySize }
  | { readonly kind: 'empty' }
  | { readonly kind: 'undecodable'; readonly error: Error }

/**
 * What goes to the storage: the message with its own place and position, so that a storage that names documents by them
 * gives the same names as when it was refused.
 */
export function prepareLetter({ message, note, place }: Letter, reader: MessageReader): PreparedLetter {
  // A dead-letter topic is in the same log as the topic it belongs to.
  const origin = note.origin === undefined ? undefined : { ...note.origin, logId: place.logId }
  const prepared = prepare({ ...message, origin: origin ?? place }, reader)
  if (prepared.kind !== 'delivery') return prepared
  const { origin: _, ...delivery } = prepared.delivery
  return { ...prepared, delivery: { ...delivery, ...(origin === undefined ? {} : { origin }), position: note.position } }
}
