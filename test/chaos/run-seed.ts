import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { LedgerReport } from '@clymene/ledger'

import { collect } from './collect.ts'
import type { Engines } from './engines.ts'
import type { Evidence, Finding } from './evidence.ts'
import { startExporter } from './exporter.ts'
import { injectAll } from './inject.ts'
import { judge } from './judge.ts'
import { createPhases } from './phases.ts'
import { planOf, SERVICES, STORES, type Fault } from './plan.ts'
import { startProducers, type Producers } from './producers.ts'
import { createRandom } from './random.ts'
import { SESSION_TIMEOUT_MS, startServices, type Services } from './services.ts'
import { canMountSmallDisk, makeSmallDisk } from './small-disk.ts'

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
  /** What took them. */
  readonly phases: string
  /** Of a seed with findings. */
  readonly keptIn?: string
}

/** One seed from fresh services to the verdict. Throws only when the world itself cannot be made. */
export async function runSeed(options: SeedOptions): Promise<SeedReport> {
  const { engines, seed } = options
  const began = performance.now()
  const phases = createPhases()
  phases.begin('start')
  const plan = planOf({ ...options, sessionTimeoutMs: SESSION_TIMEOUT_MS })
  const cluster = `chaos${seed}x${process.pid}x${++runs}`
  const directory = mkdtempSync(join(tmpdir(), `clymene-${cluster}-`))
  const disk = canMountSmallDisk() ? makeSmallDisk() : undefined
  const exporter = await startExporter()
  const diskDirectory = disk?.directory ?? join(directory, 'disk')
  mkdirSync(diskDirectory, { recursive: true })
  const services = await startServices({ engines, name: cluster, directory, disk: diskDirectory, exporter: exporter.address, plan })
  try {
    const poison = { bootstrap: engines.kafka.bootstrap, topics: services.names, random: createRandom(seed), loadMs: options.loadMs }
    const producers = startProducers({ cluster, exporter, logs: services.logs, gatewayUrl: services.gatewayProxy.url, poison })
    phases.begin('load')
    const [troubles] = await Promise.all([injectAll(plan, { engines, services, disk }), sleep(options.loadMs)])
    const { evidence, stuck, ledger, reports } = await collect({ engines, services, producers, exporter, cluster, troubles, phases })
    const refusals = producers.refusals().map((text): Finding => ({ what: 'lost', where: 'gateway', text: `refused: ${text}` }))
    const findings = [...stuck, ...refusals, ...judge(evidence), ...ledger]
    const report = {
      seed,
      plan,
      findings,
      counts: countsOf(evidence, producers, services),
      seconds: (performance.now() - began) / 1000,
      phases: phases.describe(),
    }
    return findings.length === 0 ? report : { ...report, keptIn: keep(services, engines, reports, join(options.keepIn, cluster)) }
  } finally {
    await services.stop()
    await exporter.close()
    disk?.remove()
    rmSync(directory, { recursive: true, force: true })
  }
}

let runs = 0

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

function keep(services: Services, engines: Engines, reports: readonly LedgerReport[], directory: string): string {
  mkdirSync(directory, { recursive: true })
  const keepLog = (from: string, name: string): void => cpSync(join(from, 'engine.log'), join(directory, `${name}.log`))
  for (const name of SERVICES) keepLog(services.of(name).service.directory, name)
  for (const name of STORES) keepLog(engines.stores[name].directory, name)
  keepLog(engines.kafka.directory, 'kafka')
  writeFileSync(join(directory, 'ledger.json'), JSON.stringify(reports, undefined, 1))
  return directory
}
