import { setTimeout as sleep } from 'node:timers/promises'

import { createScrapeWorld } from './scrape-world.ts'
import { SCRAPERS } from './scrapers.ts'
import { tableOfCells } from './table.ts'
import { usageOf } from './usage.ts'

const WORK = { targets: 20, seriesPerTarget: 5000, intervalSeconds: 2 }
/** Samples that wait when the gateway is back. */
const BACKLOG = 2_000_000
/** As they would come at the interval that most have. */
const REAL_TIME = (WORK.targets * WORK.seriesPerTarget) / 15

/** How fast the agent sends what waited in its buffer, while scrapes go on. */
export async function agentOutageTable(): Promise<string> {
  const [scraper] = SCRAPERS
  if (scraper === undefined) throw new Error('no agent')
  const world = await createScrapeWorld(WORK)
  try {
    const running = await scraper.start(world.work)
    try {
      await world.taken(2 * world.series, 120)
      await world.setAway(true)
      await sleep((BACKLOG / world.series) * WORK.intervalSeconds * 1000)
      await world.setAway(false)
      // Somebody has to try it first: the back-off.
      await world.taken(1, 120)
      const [start, before] = [Date.now(), usageOf(running.pid)]
      await world.taken(BACKLOG, 600)
      const [seconds, after] = [(Date.now() - start) / 1000, usageOf(running.pid)]
      const perSecond = BACKLOG / seconds
      return tableOfCells(
        ['waited', 'sent in', 'samples a second', 'against one scrape in 15 s', 'peak memory'],
        [
          [
            `${BACKLOG} samples`,
            `${seconds.toFixed(1)} s (${(after.cpuSeconds - before.cpuSeconds).toFixed(1)} CPU-seconds, scrapes among them)`,
            `${(perSecond / 1e6).toFixed(2)} M`,
            `${Math.round(perSecond / REAL_TIME)} times`,
            `${Math.round(after.peakBytes / 1e6)} MB`,
          ],
        ],
      )
    } finally {
      await running.stop()
    }
  } finally {
    await world.close()
  }
}
