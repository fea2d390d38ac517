import { setTimeout as sleep } from 'node:timers/promises'

import { startNodeExporter, whyUnavailable } from '../engines/index.ts'
import { startProgram } from './program.ts'
import type { ExportersAnswer, ExportersQuestion } from './programs/exporters.ts'
import type { SampleSinkQuestion } from './programs/sample-sink.ts'
import type { ScrapeWork } from './scrapers.ts'

/** Targets and a sink, each a process of its own whose time does not count. */
export type ScrapeWorld = {
  readonly work: ScrapeWork
  /** Series of all targets together. */
  readonly series: number
  /** Samples that the sink took since its start. */
  readonly samples: () => Promise<number>
  /** Resolves when the sink took so many samples more. @throws Error when it takes too long */
  readonly taken: (more: number, withinSeconds: number) => Promise<void>
  readonly setAway: (isAway: boolean) => Promise<void>
  readonly close: () => Promise<void>
}

export type ScrapeWorldOptions = { readonly targets: number; readonly seriesPerTarget: number; readonly intervalSeconds: number }

export async function createScrapeWorld({ targets, seriesPerTarget, intervalSeconds }: ScrapeWorldOptions): Promise<ScrapeWorld> {
  const nodeTexts = await readNodeExporter()
  const exporters = startProgram<ExportersQuestion, ExportersAnswer>('exporters')
  const sink = startProgram<SampleSinkQuestion, number>('sample-sink')
  const close = async (): Promise<void> => {
    await exporters.stop()
    await sink.stop()
  }
  try {
    const addresses = await exporters.ask({ targets, series: seriesPerTarget, nodeTexts })
    const port = await sink.ask('listen')
    const samples = (): Promise<number> => sink.ask('count')
    return {
      work: { addresses, intervalSeconds, sink: `http://127.0.0.1:${port}` },
      series: targets * seriesPerTarget,
      samples,
      taken: async (more, withinSeconds) => {
        const start = await samples()
        const deadline = Date.now() + withinSeconds * 1000
        for (;;) {
          const count = (await samples()) - start
          if (count >= more) return
          if (Date.now() > deadline) throw new Error(`only ${count} of ${more} samples came in ${withinSeconds} s`)
          await sleep(50)
        }
      },
      setAway: async (isAway) => void (await sink.ask(isAway ? 'be away' : 'be there')),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What a real node-exporter says of this machine, at two times. */
async function readNodeExporter(): Promise<readonly string[]> {
  if (whyUnavailable('node-exporter') !== undefined) return []
  const exporter = await startNodeExporter()
  try {
    const read = async (): Promise<string> => (await fetch(`${exporter.url}/metrics`)).text()
    const first = await read()
    await sleep(1000)
    return [first, await read()]
  } finally {
    await exporter.stop()
  }
}
