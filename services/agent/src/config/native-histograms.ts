import type { Section } from './section.ts'

/** The keys about native histograms that `global` has. What asks for them is refused: remote write 1.0 carries classic ones, which are always scraped. */
export function refuseNativeHistograms(section: Section): void {
  for (const key of ['scrape_native_histograms', 'convert_classic_histograms_to_nhcb']) {
    if (section.bool(key, false))
      section.mistake(key, 'true is refused: native histograms are not scraped; classic ones always are, leave it out or give false')
  }
  section.bool('always_scrape_classic_histograms', false)
}

/**
 * The same for a job, which has limits of them besides.
 *
 * @returns the keys that are given and change nothing, a line each.
 */
export function readHistogramKeys(section: Section): readonly string[] {
  refuseNativeHistograms(section)
  section.int('native_histogram_bucket_limit', 0)
  section.scalar('native_histogram_min_bucket_factor', 0, 'a number', (text) => {
    if (text.trim() === '' || !Number.isFinite(Number(text))) throw new Error('expected a number')
    return Number(text)
  })
  return ['native_histogram_bucket_limit', 'native_histogram_min_bucket_factor']
    .filter(section.has)
    .map((key) => `${section.where(key)}: has no effect, native histograms are not scraped`)
}
