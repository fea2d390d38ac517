import type { RefusedRecord } from '@clymene/model'
import { parseRefused } from '@clymene/wire'

/**
 * What a gateway names as refused of the one message of a request; all the rest is stored.
 *
 * @param records how many the message has; undefined when its order there may be another one.
 * @returns undefined when it names nothing, or nothing that can be believed.
 */
export function refusedRecords(
  header: string | undefined,
  records: number | undefined,
  reason: string,
): readonly RefusedRecord[] | undefined {
  if (records === undefined) return undefined
  return parseRefused(header, records)?.flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, index) => ({ delivery: 0, record: from + index, reason })),
  )
}
