import { RetryableError, type RefusedRecord } from '@clymene/model'

import type { Ask } from './ask.ts'
import type { BulkBody } from './bulk-body.ts'
import type { CreatedAnswer } from './created-answer.ts'
import { itemOutcome, type BulkItem } from './item-outcome.ts'

/** The parts of the answer that are looked at; the whole has 200 bytes an item. */
const ANSWER = 'items.*.status,items.*.error.type,items.*.error.reason'

export type SendBulk = (body: BulkBody, signal: AbortSignal) => Promise<readonly RefusedRecord[]>

type Answer = Partial<CreatedAnswer> & { readonly items?: readonly Readonly<Record<string, BulkItem>>[] }

/**
 * Sends one bulk and looks at the answer of every item.
 *
 * @returns the items that are refused for their content; all others are stored.
 * @throws (the function) RetryableError when the bulk, or any item of it, may be taken later: what was stored then answers 409, which
 *   is success. PermanentError when the bulk as a whole is refused.
 */
export function createSendBulk(ask: Ask): SendBulk {
  return async (body, signal) => {
    const operations = rawBody(body.bytes)
    const answer: Answer = await ask((client, options) => client.bulk({ filter_path: ANSWER, operations }, options), signal)
    if (answer.created === body.count) return []
    const items = answer.items ?? []
    // Never take a document for stored that no item speaks of.
    const answered = answer.created ?? items.length
    if (answered !== body.count) throw new RetryableError(`elasticsearch answered ${answered} items for ${body.count}`)
    const outcomes = items.map((item) => itemOutcome(Object.values(item)[0] ?? {}))
    const waiting = outcomes.filter((outcome) => outcome.kind === 'retry')
    const [first] = waiting
    if (first !== undefined) {
      const needsOperator = waiting.some((outcome) => outcome.needsOperator)
      const text = `elasticsearch: ${waiting.length} of ${items.length} documents to be tried again, the first: ${first.status} ${first.reason}`
      throw new RetryableError(text, { status: first.status, needsOperator })
    }
    return outcomes.flatMap((outcome, at) => (outcome.kind === 'refused' ? [{ ...body.recordOf(at), reason: outcome.reason }] : []))
  }
}

// The client sends bytes as they are; its types know only lists of objects, which it would have to write as text again, 4 µs a document.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const rawBody = (bytes: Buffer): object[] => bytes as unknown as object[]
