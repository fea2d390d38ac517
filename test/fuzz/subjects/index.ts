import type { Subject } from '../subject.ts'
import { criSubject } from './cri.ts'
import { expositionSubject } from './exposition.ts'
import { relabelSubject } from './relabel.ts'
import { scrapedPagesSubject } from './scraped-pages.ts'
import { snappySubject } from './snappy.ts'
import { writeRequestSubject } from './write-request.ts'

/** Everything that `npm run fuzz` fuzzes. */
export const SUBJECTS: readonly Subject[] = [
  expositionSubject('text'),
  expositionSubject('openmetrics'),
  scrapedPagesSubject('text'),
  scrapedPagesSubject('openmetrics'),
  snappySubject,
  writeRequestSubject,
  relabelSubject,
  criSubject,
]
