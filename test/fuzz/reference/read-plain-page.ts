import type { ExpositionFormat } from '@clymene/wire'

import { readOpenMetricsPage } from './openmetrics-page.ts'
import { outcomeOf, type ReadPage, Refused } from './read-page.ts'
import { readTextPage } from './text-page.ts'

/** What the plain readers make of a page: built from the formats' grammars, slow, sharing nothing with the fast reader. */
export function readPlainPage(body: Buffer, format: ExpositionFormat): ReadPage {
  return outcomeOf(
    () => (format === 'text' ? readTextPage(body) : readOpenMetricsPage(body)),
    (error) => error instanceof Refused,
  )
}
