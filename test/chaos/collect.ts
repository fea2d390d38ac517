import type { LedgerReport } from '@clymene/ledger'

import { lagsOf, untilEmpty } from './drained.ts'
import type { Engines } from './engines.ts'
import { describeItem, type DeadLetter, type Evidence, type Finding, type Placed, type Sent } from './evidence.ts'
import type { Exporter } from './exporter.ts'
import type { Trouble } from './inject.ts'
import { judgeLedger } from './judge-ledger.ts'
import type { Phases } from './phases.ts'
import { seriesOfAgent, type Producers } from './producers.ts'
import { deadLettersOf, itemsInTopic } from './read-kafka.ts'
import { ledgerOf } from './read-ledger.ts'
import { readStores } from './read-stores.ts'
import type { Services } from './services.ts'
import { createTakenPages } from './taken-pages.ts'

export type Collected = {
  readonly engines: Engines
  readonly services: Services
  readonly producers: Producers
  readonly exporter: Exporter
  readonly cluster: string
  readonly troubles: readonly Trouble[]
  readonly phases: Phases
}

/** What came to no end in time, and what the ledger says wrongly, stand beside what the judge is to look at. */
export type Collection = {
  readonly evidence: Evidence
  readonly stuck: readonly Finding[]
  readonly ledger: readonly Finding[]
  readonly reports: readonly LedgerReport[]
}

const DRAIN_MS = 90_000
/** Far longer than books are kept before they are saved. */
const BOOKED_MS = 20_000

/** Ends the load, waits until what was sent is in Kafka and what is in Kafka is settled, then reads everything. */
export async function collect(world: Collected): Promise<Collection> {
  const { engines, services, producers, exporter, cluster, phases } = world
  phases.begin('sent')
  await producers.stop(DRAIN_MS)
  const scraping = await endScrapes(world)
  phases.begin('in Kafka')
  const unsent = await untilEmpty(() => notInKafka(world), DRAIN_MS)
  phases.begin('agent empty')
  const { senders, buffered } = await askSenders(services)
  await services.of('agent').halt()
  phases.begin('settled')
  const lags = await untilEmpty(() => lagsOf(engines.kafka.bootstrap, services), DRAIN_MS)
  phases.begin('read')
  const kafka = await itemsInKafka(world)
  const deadLetters = await lettersIn(world)
  const evidence = {
    sent: sentBy(world, kafka),
    own: seriesOfAgent(exporter.address, cluster),
    kafka,
    stores: await readStores(engines, cluster),
    deadLetters,
  }
  phases.begin('booked')
  const books = await askBooks(world, evidence, senders)
  return {
    evidence,
    stuck: [
      ...scraping.map((text) => stuck('agent', text)),
      ...unsent.slice(0, 1).map((first) => stuck('agent', `${unsent.length} are not in Kafka, first ${first}`)),
      ...buffered.map((text) => stuck('agent', text)),
      ...lags.map((lag) => stuck('ingester', lag)),
    ],
    ...books,
  }
}

/**
 * The page that is under way when the agent is told to ask for no more would be one that it never took. So each is taken before: the agent asks
 * for the next one of a target when it has the page before in its buffer.
 */
async function endScrapes({ exporter, services }: Collected): Promise<readonly string[]> {
  exporter.hold()
  const unasked = await untilEmpty(() => Promise.resolve(exporter.notAskedFor()), DRAIN_MS)
  const failures = await untilEmpty(async () => {
    await services.endScrapes()
    return []
  }, DRAIN_MS)
  return [...unasked.map((path) => `does not scrape ${path} any more`), ...failures]
}

const stuck = (where: string, text: string): Finding => ({ what: 'stuck', where, text: `${text}, after ${DRAIN_MS / 1000} s` })

async function itemsInKafka({ engines, services: { names } }: Collected): Promise<readonly Placed[]> {
  const { bootstrap } = engines.kafka
  return [...(await itemsInTopic(bootstrap, names.metrics, 'metrics')), ...(await itemsInTopic(bootstrap, names.logs, 'logs'))]
}

async function lettersIn({ engines, services: { names } }: Collected): Promise<readonly DeadLetter[]> {
  const { bootstrap } = engines.kafka
  return [...(await deadLettersOf(bootstrap, names.metrics, 'metrics')), ...(await deadLettersOf(bootstrap, names.logs, 'logs'))]
}

const sentBy = ({ producers, troubles, exporter, cluster }: Collected, kafka: readonly Placed[]): readonly Sent[] =>
  producers.sent(createTakenPages({ troubles, kafka, pages: exporter.pages, address: exporter.address, cluster }))

async function notInKafka(world: Collected): Promise<readonly string[]> {
  const kafka = await itemsInKafka(world)
  const there = new Set(kafka.map(({ series, value }) => `${series} ${value}`))
  return sentBy(world, kafka)
    .filter(({ acknowledged, series, value }) => acknowledged && !there.has(`${series} ${value}`))
    .map(({ series, value, time = '?' }) => describeItem({ series, value, time }))
}

/** What agent and gateway say of their numbers once nothing waits there any more. */
async function askSenders(
  services: Services,
): Promise<{ readonly senders: readonly LedgerReport[]; readonly buffered: readonly string[] }> {
  let senders: readonly LedgerReport[] = []
  const buffered = await untilEmpty(async () => {
    senders = [await ledgerOf(services, 'agent'), await ledgerOf(services, 'gateway')]
    return senders.flatMap(({ service, senders: accounts }) =>
      accounts
        .filter((account) => account.buffered > 0)
        .map((account) => `${service} has ${account.buffered} messages of ${account.kind} not sent`),
    )
  }, DRAIN_MS)
  return { senders, buffered }
}

/** Asked until nothing is wrong: what was booked last is saved a little later. */
async function askBooks(
  { services, troubles }: Collected,
  evidence: Evidence,
  senders: readonly LedgerReport[],
): Promise<Pick<Collection, 'ledger' | 'reports'>> {
  // Only a disk that is full lets an agent give up what it has numbered.
  const mayDrop = troubles.some(({ fault }) => fault.kind === 'full-disk')
  let reports = senders
  let findings: readonly Finding[] = []
  const failures = await untilEmpty(async () => {
    reports = [...senders, await ledgerOf(services, 'ingester-1'), await ledgerOf(services, 'ingester-2')]
    findings = judgeLedger(evidence, reports, { mayDrop })
    return findings.map(({ text }) => text)
  }, BOOKED_MS)
  // An answer that did not come at all is one as well.
  return { reports, ledger: findings.length > 0 ? findings : failures.map((text) => ({ what: 'ledger', where: 'ledger', text })) }
}
