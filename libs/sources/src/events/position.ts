import { errorMessage, type Logger } from '@clymene/model'

import type { EventsReached } from './event-news.ts'
import type { ToldTerminations } from './termination-news.ts'

/** How far everything was collected and acknowledged: what a restart or another agent goes on from. */
export type EventPosition = {
  /** By the name of the watch. */
  readonly watches: ReadonlyMap<string, EventsReached>
  readonly terminations: ToldTerminations
}

/**
 * One line of JSON:
 *
 *     {"watches":[["events","4711","1704067200000000000"],["pods","4700","0"]],"floor":"1704060000000000000","ended":[["u3Fh0aQ9x",…],…]}
 */
export const positionText = ({ watches, terminations: { floorNs, ended } }: EventPosition): string =>
  JSON.stringify({
    watches: Array.from(watches, ([name, { version, newestNs }]) => [name, version, String(newestNs)]),
    floor: String(floorNs),
    ended: ended.map(([id, finishedNs]) => [id, String(finishedNs)]),
  })

/** Undefined for '' and for what is no position, which is reported. */
export function parsePosition(text: string, where: string, logger: Logger): EventPosition | undefined {
  if (text === '') return undefined
  try {
    const { watches, floor, ended }: Record<string, unknown> = JSON.parse(text)
    return {
      watches: new Map(
        rows(watches, 3).map(([name = '', version = '', newest = '']) => [name, { version, newestNs: BigInt(newest) }] as const),
      ),
      terminations: {
        floorNs: BigInt(String(floor)),
        ended: rows(ended, 2).map(([id = '', finished = '']) => [id, BigInt(finished)] as const),
      },
    }
  } catch (error) {
    logger.error('position of events cannot be used, some may be sent again', { where, error: errorMessage(error) })
    return undefined
  }
}

function rows(value: unknown, length: number): readonly (readonly string[])[] {
  if (!Array.isArray(value)) throw new TypeError('expected a list')
  return value.map((row: unknown) => {
    if (Array.isArray(row) && row.length === length && row.every((cell): cell is string => typeof cell === 'string')) return row
    throw new TypeError(`expected rows of ${length} texts`)
  })
}
