import { setTimeout as sleep } from 'node:timers/promises'

import type { Bench } from './bench.ts'
import { createScrapeWorld, type ScrapeWorld } from './scrape-world.ts'
import { SCRAPERS, type Scraper } from './scrapers.ts'
import { usageOf } from './usage.ts'

/** The work that Prometheus and vmagent were measured with before the start. */
const WORK = { targets: 20, seriesPerTarget: 5000, intervalSeconds: 2 }
/** Scrapes before it counts: the first one meets new series, and engines get warm. */
const WARM_UP_SCRAPES = 4
/** A window has whole scrapes, about: with fewer of them one more or less would tell. */
const MIN_SECONDS = 20
/** Of the scrapes that are due so many have to arrive, or it was not this work that was measured. */
const MIN_SHARE = 0.8

/** Scrape → parse → relabel → encode → acknowledged, by each scraper that is here, one after the other. */
export function agentBenches(): readonly Bench[] {
  let world: Promise<ScrapeWorld> | undefined
  const open = (): Promise<ScrapeWorld> => (world ??= createScrapeWorld(WORK))
  const here = SCRAPERS.filter((scraper) => {
    const reason = scraper.whyNot()
    if (reason !== undefined) process.stderr.write(`left out: ${scraper.name}: ${reason}\n`)
    return reason === undefined
  })
  return here.map((scraper, index): Bench => ({
    name: scraper.name,
    unit: 'samples',
    run: async (seconds) => measure(scraper, await open(), Math.max(seconds, MIN_SECONDS)),
    close: async () => {
      if (index === 0) await (await world)?.close()
    },
  }))
}

async function measure(scraper: Scraper, world: ScrapeWorld, seconds: number) {
  const running = await scraper.start(world.work)
  try {
    await world.taken(WARM_UP_SCRAPES * world.series, 120)
    const [start, before] = [await world.samples(), usageOf(running.pid)]
    await sleep(seconds * 1000)
    const [count, after] = [(await world.samples()) - start, usageOf(running.pid)]
    const due = (world.series * seconds) / world.work.intervalSeconds
    if (count < due * MIN_SHARE) throw new Error(`${scraper.name}: ${count} samples of ${due}: the machine is too busy`)
    return { count, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakBytes: after.peakBytes }
  } finally {
    await running.stop()
  }
}
