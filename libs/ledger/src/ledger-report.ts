import { hostname } from 'node:os'

import type { LedgerReport } from './account.ts'

/** The report of this process: what it does not keep is empty. */
export const ledgerReport = (parts: Pick<LedgerReport, 'service'> & Partial<LedgerReport>): LedgerReport => ({
  instance: hostname(),
  time: Date.now(),
  senders: [],
  books: [],
  replays: [],
  ...parts,
})
