import type { ReadSample } from '../reference/read-page.ts'
import type { PlainSeries } from '../reference/write-request.ts'
import type { Scrape } from '../scraping.ts'

/**
 * An exemplar that is sent stands on the page beside that sample; the first one of a series is sent with its sample.
 *
 * @param known series that had one sent.
 */
export function wrongWithExemplars(
  { timestampMs: now, series }: Scrape,
  shown: ReadonlyMap<string, readonly ReadSample[]>,
  known: Set<string>,
): string | undefined {
  for (const { labels, samples, exemplars } of series) {
    const key = JSON.stringify(labels)
    for (const one of samples) {
      const beside = (shown.get(key) ?? []).filter(({ bits, ts }) => bits === one.bits && (ts ?? now) === one.timestampMs)
      const expected = beside.flatMap(({ exemplar }) => {
        if (exemplar === undefined || exemplar.labels === 'unusable') return []
        return [nameOf({ labels: exemplar.labels, bits: exemplar.bits, timestampMs: exemplar.ts ?? one.timestampMs })]
      })
      const sent = exemplars.map(nameOf)
      const strange = sent.find((name) => !expected.includes(name))
      if (strange !== undefined) return `${key}: exemplar ${strange} is not on the page`
      const isFirst = !known.has(key) && shown.get(key)?.length === 1
      if (isFirst && expected.length > 0 && sent.length === 0) return `${key}: exemplar ${expected[0]} is not sent`
      if (sent.length > 0) known.add(key)
    }
  }
  return undefined
}

type Exemplar = PlainSeries['exemplars'][number]

const nameOf = ({ labels, bits, timestampMs }: Exemplar): string =>
  JSON.stringify([labels.toSorted(([a], [b]) => (a < b ? -1 : 1)), bits, timestampMs])
