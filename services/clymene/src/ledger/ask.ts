import type { LedgerReport } from '@clymene/ledger'
import { errorMessage } from '@clymene/model'

import { askAdmin, isRefused } from '../ask-admin.ts'

export type AskOptions = {
  readonly urls: readonly URL[]
  readonly timeoutMs: number
  readonly token: string | undefined
}

export type Unreached = {
  readonly url: string
  readonly reason: string
  /** Nobody listens there. */
  readonly isAbsent: boolean
}
export type Answers = { readonly reports: readonly LedgerReport[]; readonly unreached: readonly Unreached[] }

/**
 * Asks every service, and those that have books once more when all have answered: so books are newer than what senders say, and a
 * message that is on its way meanwhile is in both.
 */
export async function askLedgers(options: AskOptions): Promise<Answers> {
  const first = await Promise.all(options.urls.map(async (url) => ({ url, answer: await ask(url, options) })))
  const reports = await Promise.all(
    first.map(async ({ url, answer }) => {
      if ('reason' in answer) return []
      const again = answer.books.length > 0 ? await ask(url, options) : answer
      return 'reason' in again ? [answer] : [{ ...again, senders: answer.senders }]
    }),
  )
  const unreached = first.flatMap(({ url, answer }) => ('reason' in answer ? [{ url: shown(url), ...answer }] : []))
  return { reports: reports.flat(), unreached }
}

/** Largest answer, bytes: 10,000 agents with 16 epochs each take about 15 MB. */
const MAX_BYTES = 256 * 1024 * 1024

async function ask(url: URL, { timeoutMs, token }: AskOptions): Promise<LedgerReport | Omit<Unreached, 'url'>> {
  try {
    const { status, answer, said } = await askAdmin(url, '/api/ledger', { timeoutMs, token, maxBytes: MAX_BYTES })
    if (status !== 200) return failure(`answered ${status}: ${said}`)
    return isReport(answer) ? answer : failure('has no ledger: its answer is something else')
  } catch (error) {
    return { reason: errorMessage(error), isAbsent: isRefused(error) }
  }
}

const failure = (reason: string) => ({ reason, isAbsent: false })

/** The shape of our own services' answer; anything else that listens there answers something else. */
const isReport = (value: unknown): value is LedgerReport =>
  typeof value === 'object' &&
  value !== null &&
  'senders' in value &&
  Array.isArray(value.senders) &&
  'books' in value &&
  Array.isArray(value.books) &&
  'replays' in value &&
  Array.isArray(value.replays)

/** Without a user or password that may stand in it. */
const shown = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname.replace(/\/$/, '')}`
