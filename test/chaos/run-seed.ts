import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { lagsOf, untilEmpty } from './drained.ts'
import type { Engines } from './engines.ts'
import { describeItem, type Evidence, type Finding, type Placed, type Sent } from './evidence.ts'
import { startExporter, type Exporter } from './exporter.ts'
import { injectAll, type Trouble } from './inject.ts'
import { judge } from './judge.ts'
import { planOf, SERVICES, STORES, type Fault } from './plan.ts'
import { seriesOfAgent, startProducers, type Producers } from './producers.ts'
import { deadLettersOf, itemsInTopic } from './read-kafka.ts'
import { readStores } from './read-stores.ts'
import { SESSION_TIMEOUT_MS, startServices, type Services } from './services.ts'
import { canMountSmallDisk, makeSmallDisk } from './small-disk.ts'
import { createTakenPages } from './taken-pages.ts'

export type SeedOptions = {
  readonly engines: Engines
  readonly seed: number
  readonly faults: number
  readonly loadMs: number
  /** Kinds of faults that this machine cannot make. */
  readonly without: readonly Fault['kind'][]
  /** Where logs of services are kept when something was found. */
  readonly keepIn: string
}

export type SeedReport = {
  readonly seed: number
  readonly plan: readonly Fault[]
  readonly findings: readonly Finding[]
  /** Samples and lines that were acknowledged, messages in Kafka, those that came twice, bodies that senders repeated, services that ended by themselves. */
  readonly counts: {
    readonly samples: number
    readonly lines: number
    readonly messages: number
    readonly twice: number
    readonly repeatedBodies: number
    readonly ended: readonly string[]
  }
  readonly seconds: number
  /** Of a seed with findings. */
  readonly keptIn?: string
}

const DRAIN_MS = 90_000

/** One seed from fresh services to the verdict. Throws only when the world itself cannot be made. */
export async function runSeed(options: SeedOptions): Promise<SeedReport> {
  const { engines, seed } = options
  const began = performance.now()
  const plan = planOf({ ...options, sessionTimeoutMs: SESSION_TIMEOUT_MS })
  const cluster = `chaos${seed}x${process.pid}x${++runs}`
  const directory = mkdtempSync(join(tmpdir(), `clymene-${cluster}-`))
  const disk = canMountSmallDisk() ? makeSmallDisk() : undefined
  const exporter = await startExporter()
  const diskDirectory = disk?.directory ?? join(directory, 'disk')
  mkdirSync(diskDirectory, { recursive: true })
  const services = await startServices({ engines, name: cluster, directory, disk: diskDirectory, exporter: exporter.address, plan })
  try {
    const producers = startProducers({ cluster, exporter, logs: services.logs, gatewayUrl: services.gatewayProxy.url })
    const [troubles] = await Promise.all([injectAll(plan, { engines, services, disk }), sleep(options.loadMs)])
    const { evidence, stuck } = await collect({ engines, services, producers, exporter, cluster, troubles })
    const refusals = producers.refusals().map((text): Finding => ({ what: 'lost', where: 'gateway', text: `refused: ${text}` }))
    const findings = [...stuck, ...refusals, ...judge(evidence)]
    const report = { seed, plan, findings, counts: countsOf(evidence, producers, services), seconds: (performance.now() - began) / 1000 }
    return findings.length === 0 ? report : { ...report, keptIn: keepLogs(services, engines, options.keepIn, cluster) }
  } finally {
    await services.stop()
    await exporter.close()
    disk?.remove()
    rmSync(directory, { recursive: true, force: true })
  }
}

let runs = 0

type Collected = {
  readonly engines: Engines
  readonly services: Services
  readonly producers: Producers
  readonly exporter: Exporter
  readonly cluster: string
  readonly troubles: readonly Trouble[]
}

/** Waits until what was sent is in Kafka, and what is in Kafka is settled; then reads everything. */
async function collect({
  engines,
  services,
  producers,
  exporter,
  cluster,
  troubles,
}: Collected): Promise<{ evidence: Evidence; stuck: readonly Finding[] }> {
  const { names } = services
  const { bootstrap } = engines.kafka
  await producers.stop(DRAIN_MS)
  await services.endScrapes()
  const read = async (): Promise<readonly Placed[]> =>
    (await Promise.all([itemsInTopic(bootstrap, names.metrics, 'metrics'), itemsInTopic(bootstrap, names.logs, 'logs')])).flat()
  const sentBy = (kafka: readonly Placed[]): readonly Sent[] =>
    producers.sent(createTakenPages({ troubles, kafka, address: exporter.address, cluster }))
  const notThere = async (): Promise<readonly string[]> => {
    const kafka = await read()
    const there = new Set(kafka.map(({ series, value }) => `${series} ${value}`))
    return sentBy(kafka)
      .filter(({ acknowledged, series, value }) => acknowledged && !there.has(`${series} ${value}`))
      .map(({ series, value, time = '?' }) => describeItem({ series, value, time }))
  }
  const unsent = await untilEmpty(notThere, DRAIN_MS)
  await services.of('agent').halt()
  const lags = await untilEmpty(() => lagsOf(bootstrap, services), DRAIN_MS)
  const kafka = await read()
  const deadLetters = [
    ...(await deadLettersOf(bootstrap, names.metrics, 'metrics')),
    ...(await deadLettersOf(bootstrap, names.logs, 'logs')),
  ]
  const evidence = {
    sent: sentBy(kafka),
    own: seriesOfAgent(exporter.address, cluster),
    kafka,
    stores: await readStores(engines, cluster),
    deadLetters,
  }
  const stuck = [
    ...unsent.slice(0, 1).map((first): Finding => ({
      what: 'stuck',
      where: 'agent',
      text: `${unsent.length} not in Kafka after ${DRAIN_MS / 1000} s, first ${first}`,
    })),
    ...lags.map((lag): Finding => ({ what: 'stuck', where: 'ingester', text: `${lag} after ${DRAIN_MS / 1000} s` })),
  ]
  return { evidence, stuck }
}

function countsOf({ sent, kafka }: Evidence, producers: Producers, services: Services): SeedReport['counts'] {
  const acknowledged = Map.groupBy(
    sent.filter((one) => one.acknowledged),
    ({ kind }) => kind,
  )
  const messages = new Map(kafka.map((item) => [`${item.topic}/${item.partition}@${item.offset}`, `${item.topic} ${item.identity}`]))
  return {
    samples: acknowledged.get('metrics')?.length ?? 0,
    lines: acknowledged.get('logs')?.length ?? 0,
    messages: messages.size,
    twice: messages.size - new Set(messages.values()).size,
    repeatedBodies: producers.repeats(),
    ended: SERVICES.flatMap((name) => Array.from({ length: services.of(name).ended() }, () => name)),
  }
}

function keepLogs(services: Services, engines: Engines, keepIn: string, cluster: string): string {
  const directory = join(keepIn, cluster)
  mkdirSync(directory, { recursive: true })
  const keep = (from: string, name: string): void => cpSync(join(from, 'engine.log'), join(directory, `${name}.log`))
  for (const name of SERVICES) keep(services.of(name).service.directory, name)
  for (const name of STORES) keep(engines.stores[name].directory, name)
  keep(engines.kafka.directory, basename('kafka'))
  return directory
}
