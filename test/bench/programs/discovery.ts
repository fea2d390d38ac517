/** Finds the targets of one scrape job in a process of its own: how long it takes, and how long other work had to wait meanwhile. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

import { readScrapeConfigs } from '@clymene/agent'
import { createDiscoveryContext, parseDiscovery } from '@clymene/discovery'
import { createMetrics, type Metrics, silentLogger } from '@clymene/runtime'
import { createScrapeSource } from '@clymene/sources'

import { answerQuestions } from '../program.ts'

export type DiscoveryQuestion = {
  /** One item of `scrape_configs`. */
  readonly job: Readonly<Record<string, unknown>>
  /** How many groups, or targets to scrape, there are to find. */
  readonly expected: number
  /** Whether they are relabelled and become loops that wait for their first scrape. */
  readonly scraping: boolean
}
export type DiscoveryReading = {
  readonly seconds: number
  /** How long a timer had to wait at most, also for other processes of the machine. */
  readonly longestStallMs: number
  /** How long at most this process worked without giving a timer its turn, by its CPU time: the same on a busy machine. */
  readonly longestWorkMs: number
  /** Requests to Kubernetes that failed or broke off: each is followed by a wait. */
  readonly failures: number
  /** Watches of Kubernetes that were begun again, whatever for. */
  readonly restarts: number
}

const RESOLUTION_MS = 1

answerQuestions<DiscoveryQuestion>(async (question) => {
  const stalls = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  stalls.enable()
  const work = watchWork()
  const began = performance.now()
  const stop = new AbortController()
  const metrics = createMetrics()
  const found = (question.scraping ? scrapes : groups)(question, metrics, stop.signal)
  while ((await found.count()) < question.expected) await sleep(20)
  const seconds = (performance.now() - began) / 1000
  // What is left of the burst counts as well.
  await sleep(1000)
  stalls.disable()
  const longestWorkMs = work.end()
  const failures = await sumOf(metrics, 'clymene_agent_sd_kubernetes_failures_total')
  const restarts = await sumOf(metrics, 'clymene_agent_sd_kubernetes_restarts_total')
  stop.abort()
  await found.ended
  return { seconds, longestStallMs: stalls.max / 1e6, longestWorkMs, failures, restarts } satisfies DiscoveryReading
})

function watchWork(): { readonly end: () => number } {
  let longest = 0
  let [at, used] = [performance.now(), process.cpuUsage()]
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(used)
    longest = Math.max(longest, Math.min(performance.now() - at, (user + system) / 1000))
    ;[at, used] = [performance.now(), process.cpuUsage()]
  }, RESOLUTION_MS)
  return {
    end: () => {
      clearInterval(timer)
      return longest
    },
  }
}

type Found = { readonly count: () => Promise<number>; readonly ended: Promise<unknown> }

function groups({ job }: DiscoveryQuestion, metrics: Metrics, signal: AbortSignal): Found {
  const context = createDiscoveryContext({ logger: silentLogger, metrics })
  const known = new Set<string>()
  const runs = parseDiscovery(new Map(Object.entries(job)), 'job').map((config, index) =>
    config.create(context).run((changed) => {
      for (const { source } of changed) known.add(`${index} ${source}`)
    }, signal),
  )
  return { count: () => Promise.resolve(known.size), ended: Promise.all(runs).then(context.close) }
}

function scrapes({ job }: DiscoveryQuestion, metrics: Metrics, signal: AbortSignal): Found {
  const context = createDiscoveryContext({ logger: silentLogger, metrics })
  const text = JSON.stringify({ scrape_configs: [{ job_name: 'k', scrape_interval: '1h', ...job }] })
  const jobs = readScrapeConfigs([{ path: 'bench.yml', text }], {}, context).flatMap((config) => config.jobs)
  const source = createScrapeSource({ jobs, externalLabels: [], streams: 1, metrics, logger: silentLogger, version: '0' })
  const count = (): Promise<number> => sumOf(metrics, 'clymene_agent_scrape_targets')
  return { count, ended: source.run(() => Promise.resolve(), signal).then(context.close) }
}

async function sumOf(metrics: Metrics, name: string): Promise<number> {
  const metric = await metrics.registry.getSingleMetric(name)?.get()
  if (metric === undefined) throw new Error(`there is no metric ${name}`)
  return metric.values.reduce((sum, { value }) => sum + value, 0)
}
