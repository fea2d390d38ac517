import type { Labels } from '@clymene/model'
import { createWriteRequestWriter, decodeWriteRequest } from '@clymene/wire'

import { createLabelValues } from './label-values.ts'
import type { GrowingLabel } from './scrape-view.ts'
import type { SeriesTable } from './series-table.ts'

/** Series that are looked at for one target. */
const SERIES = 1000

export type SeriesSample = ReturnType<typeof createSeriesSample>

/** Which labels of a target grow: read from series that were left out of the last page, or else from those that came last. */
export function createSeriesSample(table: SeriesTable) {
  let leftOut: ReturnType<typeof createLabelValues> | undefined

  function newest(): readonly GrowingLabel[] {
    const { series } = table
    const writer = createWriteRequestWriter(1024)
    const values = createLabelValues(SERIES)
    const from = Math.max(0, series.end - SERIES * series.stride)
    for (let one = from; one < series.end; one += series.stride) {
      writer.appendFrom(series.bytes, series.start(one), series.start(one) + series.length(one), 0, 0)
    }
    for (const { labels } of decodeWriteRequest(writer.finish())) values.see(labels)
    return values.growing(from === 0)
  }

  return {
    /** A new page. */
    begin(): void {
      leftOut = undefined
    },
    /** A series that is left out. */
    see(labels: Labels): void {
      leftOut ??= createLabelValues(SERIES)
      leftOut.see(labels)
    },
    growing: (): readonly GrowingLabel[] => leftOut?.growing(false) ?? newest(),
  }
}
