import { PermanentError, type Delivery } from '@clymene/model'

import { nameOf, pointsOf, REFUSED, type Point } from './messages.ts'

/**
 * `prometheus` refuses a body whole, `cortex` keeps the rest of what it refuses, `elasticsearch` names what it refuses and
 * knows by its place what it has already.
 */
export type Manner = 'prometheus' | 'cortex' | 'elasticsearch'
export const MANNERS: readonly Manner[] = ['prometheus', 'cortex', 'elasticsearch']

export type Store = {
  readonly manner: Manner
  /** Takes a body in, as the store does at one moment. @throws PermanentError */
  readonly take: (deliveries: readonly Delivery[]) => void
  readonly has: (point: Point) => boolean
  /** Names of the samples in the order in which they came first. */
  readonly stored: readonly string[]
  /** Samples that were dropped with a 204: older than another one of the same body. */
  readonly lost: readonly string[]
}

export function createStore(manner: Manner): Store {
  const newest = new Map<string, Point>()
  const known = new Set<string>()
  const stored: string[] = []
  const lost: string[] = []

  const keep = (point: Point): void => {
    const last = newest.get(point.series)
    const name = nameOf(point)
    if (manner !== 'elasticsearch' && last !== undefined && point.timestampMs < last.timestampMs) {
      lost.push(name)
      return
    }
    newest.set(point.series, point)
    if (known.has(name)) return
    known.add(name)
    stored.push(name)
  }
  /** Why a sample is refused beside what the store had before this body. */
  const refusalOf = ({ series, timestampMs, value }: Point, before: ReadonlyMap<string, Point>): PermanentError | undefined => {
    if (series === REFUSED) return new PermanentError('label value invalid', { status: 400 })
    const last = before.get(series)
    if (manner === 'elasticsearch' || last === undefined || timestampMs > last.timestampMs) return undefined
    if (timestampMs < last.timestampMs) return new PermanentError('out of order sample', { status: 400, repeatLike: true })
    if (value !== last.value) return new PermanentError('duplicate sample for timestamp', { status: 400, repeatLike: true })
    return undefined
  }

  return {
    manner,
    take: (deliveries) => {
      const before = new Map(newest)
      const all = deliveries.flatMap(({ value }, delivery) =>
        pointsOf(value).map((point, record) => ({ point, delivery, record, refusal: refusalOf(point, before) })),
      )
      const refused = all.filter(({ refusal }) => refusal !== undefined)
      if (manner !== 'prometheus' || refused.length === 0) for (const { point, refusal } of all) if (refusal === undefined) keep(point)
      const [first] = refused
      if (first?.refusal === undefined) return
      if (manner !== 'elasticsearch') throw first.refusal
      throw new PermanentError('some were refused', {
        status: 400,
        refused: refused.map(({ delivery, record, refusal }) => ({ delivery, record, reason: refusal?.message ?? '' })),
      })
    },
    has: (point) => known.has(nameOf(point)),
    stored,
    lost,
  }
}
