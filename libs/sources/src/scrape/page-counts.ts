/** What was counted on a page. */
export type PageCounts = {
  /** Samples on the page. */
  scraped: number
  /** Of these, left after metric_relabel_configs. */
  kept: number
  /** Series that the last good page did not have. */
  added: number
  /** Kept, but not sent: a second sample of a series for the same time. */
  duplicates: number
  /** Kept, but not sent: an exposed time before one that was sent. */
  outOfOrder: number
  /** Kept, but not sent: an exposed time more than ten minutes ahead. */
  outOfBounds: number
  /** Kept, but not sent: the target or its job has as many series as it may. */
  leftOut: number
  /** Not sent, though their samples were: more than a page may have, or wrong ones. */
  exemplarsLeftOut: number
}

export const noCounts = (): PageCounts => ({
  scraped: 0,
  kept: 0,
  added: 0,
  duplicates: 0,
  outOfOrder: 0,
  outOfBounds: 0,
  leftOut: 0,
  exemplarsLeftOut: 0,
})
