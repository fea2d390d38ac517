import type { LedgerReport } from '@clymene/ledger'
import { errorMessage } from '@clymene/model'
import { request } from 'undici'

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
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const { statusCode, body } = await request(`${addressOf(url)}/api/ledger`, { headers, signal })
    const text = await textOf(body)
    const answer = parse(text)
    if (statusCode !== 200) return failure(`answered ${statusCode}: ${(errorIn(answer) ?? text).trim().slice(0, 200)}`)
    return isReport(answer) ? answer : failure('has no ledger: its answer is something else')
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') return failure(`no answer within ${timeoutMs} ms`)
    return { reason: errorMessage(error), isAbsent: isRefused(error) }
  }
}

const failure = (reason: string) => ({ reason, isAbsent: false })

const isRefused = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'

/** What our services say with 404 and 503. */
const errorIn = (answer: unknown): string | undefined =>
  typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string' ? answer.error : undefined

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_BYTES) throw new Error(`its answer is larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

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

/** The address without a `/` at its end; a path is that of a proxy before the service. */
const addressOf = ({ href }: URL): string => href.replace(/\/$/, '')

/** Without a user or password that may stand in it. */
const shown = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname.replace(/\/$/, '')}`
