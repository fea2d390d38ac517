import type { BookPlace, Outcome } from './outcome.ts'

/** Told what happens to the books, for metrics. */
export type LedgerObserver = {
  readonly booked?: (place: BookPlace, outcome: Outcome | 'expired' | 'unattributed', messages: number) => void
  readonly saved?: (place: BookPlace, saving: { readonly seconds: number; readonly bytes: number }) => void
  readonly saveFailed?: (place: BookPlace) => void
  /** These outcomes could not be kept safe before the commit: when this process ends before they are, they are taken for stored. */
  readonly unsafe?: (place: BookPlace, messages: number) => void
}
