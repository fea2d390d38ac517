import type { ExpositionFormat } from '@clymene/wire'

import { type Scrape, scrape, shownBy, STALE } from '../scraping.ts'
import { difference } from '../subject.ts'

/** Every page gives each of its series once, at the time of the scrape, and a marker for each that the last one had and it has not. */
export function wrongWithoutTimes(pages: readonly Buffer[], format: ExpositionFormat): string | undefined {
  const scrapes = scrape(pages, format, false)
  let last: Iterable<string> = []
  const plain = scrapes.map((one) => {
    const shown = shownBy(one, format) ?? new Map<string, never>()
    const ended = [...last].filter((key) => !shown.has(key)).map((key) => `${key} ${STALE} ${one.timestampMs}`)
    last = [...shown.keys()]
    // Of two samples for one time the first counts.
    return [...[...shown].map(([key, [sample]]) => `${key} ${sample?.bits} ${one.timestampMs}`), ...ended].toSorted()
  })
  return difference({ fast: scrapes.map(samplesOf), plain })
}

const samplesOf = ({ series }: Scrape): string[] =>
  series
    .flatMap(({ labels, samples }) => samples.map(({ bits, timestampMs }) => `${JSON.stringify(labels)} ${bits} ${timestampMs}`))
    .toSorted()
