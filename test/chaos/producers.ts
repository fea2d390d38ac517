import { setInterval as every } from 'node:timers'

import type { Sent } from './evidence.ts'
import { EXPORTED_PATHS, EXPORTED_SERIES, type Exporter, type Page } from './exporter.ts'
import { createLogFiles } from './log-files.ts'
import { startPoisoner, type PoisonOptions } from './poisoner.ts'
import { startSender } from './senders.ts'
import { seriesText } from './series-text.ts'

export type ProducersOptions = {
  readonly cluster: string
  readonly exporter: Exporter
  readonly logs: string
  readonly gatewayUrl: string
  readonly poison: PoisonOptions
}

/** Everything that numbers samples and lines: pages that are scraped, files that are tailed, senders that push. */
export type Producers = {
  /** All that has been sent; pages by `isTaken`. */
  readonly sent: (isTaken: (page: Page) => boolean) => readonly Sent[]
  readonly refusals: () => readonly string[]
  readonly repeats: () => number
  /** Resolves when everything was acknowledged or the time is over. Pages are given out until the agent asks no more. */
  readonly stop: (withinMs: number) => Promise<void>
}

const LINES = { files: 4, linesPerFile: 150 }
const LINES_EVERY_MS = 100

export function startProducers({ cluster, exporter, logs, gatewayUrl, poison }: ProducersOptions): Producers {
  const files = createLogFiles(logs, LINES)
  const writing = every(() => files.write(2), LINES_EVERY_MS)
  const senders = [
    startSender({ kind: 'metrics', url: `${gatewayUrl}/api/v1/write`, cluster, name: 'metrics-sender', everyMs: 50 }),
    startSender({ kind: 'logs', url: `${gatewayUrl}/loki/api/v1/push`, cluster, name: 'logs-sender', everyMs: 50 }),
  ]
  const poisoner = startPoisoner(poison)
  const lines = (): readonly Sent[] =>
    files.lines.map(({ file, number, timestampNs, line }) => ({
      kind: 'logs',
      series: seriesText([
        ['cluster', cluster],
        ['filename', file],
        ['job', 'chaos'],
        ['stream', 'stdout'],
      ]),
      value: line,
      number,
      time: String(timestampNs),
      acknowledged: true,
    }))
  return {
    sent: (isTaken) => [
      ...senders.flatMap((sender) => sender.sent()),
      ...lines(),
      ...poisoner.sent(),
      ...exporter.pages.flatMap((page) => samplesOf(page, exporter.address, cluster, isTaken(page))),
    ],
    refusals: () => senders.flatMap(({ refusals }) => refusals),
    repeats: () => senders.reduce((sum, sender) => sum + sender.repeats(), 0),
    stop: async (withinMs) => {
      clearInterval(writing)
      await Promise.all([...senders.map((sender) => sender.stop(withinMs)), poisoner.stop()])
    },
  }
}

function samplesOf({ path, number, atMs }: Page, address: string, cluster: string, acknowledged: boolean): readonly Sent[] {
  return Array.from({ length: EXPORTED_SERIES }, (_, shard) => ({
    kind: 'metrics' as const,
    series: pageSeries(path, address, cluster, shard),
    value: String(number),
    number,
    ...(path === '/stamped' && { time: String(atMs) }),
    acknowledged,
  }))
}

const targetLabels = (path: string, address: string, cluster: string) =>
  [
    ['cluster', cluster],
    ['instance', address],
    ['job', path.slice(1)],
  ] as const

const MADE_BY_AGENT = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
]

/** A series of a page of the exporter. */
export const pageSeries = (path: string, address: string, cluster: string, shard = 0): string =>
  seriesText([['__name__', 'chaos_pages_total'], ...targetLabels(path, address, cluster), ['shard', String(shard)]])

export const upSeries = (path: string, address: string, cluster: string): string => ownSeries('up', path, address, cluster)

const ownSeries = (name: string, path: string, address: string, cluster: string): string =>
  seriesText([['__name__', name], ...targetLabels(path, address, cluster)])

/** What the agent makes of each target by itself. */
export const seriesOfAgent = (address: string, cluster: string): ReadonlySet<string> =>
  new Set(EXPORTED_PATHS.flatMap((path) => MADE_BY_AGENT.map((name) => ownSeries(name, path, address, cluster))))
