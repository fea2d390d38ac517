import type { LedgerReport } from '@clymene/ledger'

import type { ServiceActor } from './plan.ts'
import type { Services } from './services.ts'

/** What a service says on its admin port, without the books of other seeds. @throws when it does not answer */
export async function ledgerOf(services: Services, name: ServiceActor): Promise<LedgerReport> {
  const answer = await fetch(`${services.of(name).service.url}/api/ledger`, { signal: AbortSignal.timeout(10_000) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${name} /api/ledger: ${answer.status} ${text.slice(0, 200)}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape of our own services' answer
  const report = JSON.parse(text) as LedgerReport
  const topics: readonly string[] = [services.names.metrics, services.names.logs]
  return { ...report, books: report.books.filter(({ topic }) => topics.includes(topic)) }
}
