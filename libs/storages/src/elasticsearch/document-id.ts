import { createHash, randomUUID } from 'node:crypto'

import type { Delivery } from '@clymene/model'

/** Deliveries that nothing names: the same object gets the same name when it is written again. */
const unnamed = new WeakMap<Delivery, string>()

/**
 * What names a delivery for ever, so that a repeat meets its own documents: the place in the bus with the time of the record (a
 * topic made anew has the same places, not the same times); without a bus the sender's numbering; without both a random name.
 * A document's `_id` is this, `-` and its position in the original message.
 */
export function deliveryId(delivery: Delivery): string {
  const { origin, headers, key } = delivery
  const name =
    origin !== undefined
      ? ['bus', origin.logId, origin.topic, origin.partition, String(origin.offset), origin.timestampMs]
      : headers.agent !== undefined && headers.epoch !== undefined && headers.sequence !== undefined
        ? ['sender', delivery.kind, key, headers.agent, headers.epoch, headers.sequence]
        : ['random', randomName(delivery)]
  // 160 bits: no two deliveries ever meet, and a third of the bytes of the whole digest in every document.
  return createHash('sha256').update(JSON.stringify(name)).digest().subarray(0, 20).toString('base64url')
}

function randomName(delivery: Delivery): string {
  const name = unnamed.get(delivery) ?? randomUUID()
  unnamed.set(delivery, name)
  return name
}
