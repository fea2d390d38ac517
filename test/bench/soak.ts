/**
 * Scrapes for long and says each minute what the agent holds, at the end whether that is flat.
 *
 *     npm run bench -- --soak=60m
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { createScrapeWorld } from './scrape-world.ts'
import { SCRAPERS } from './scrapers.ts'
import { residentBytes, usageOf } from './usage.ts'

const WORK = { targets: 20, seriesPerTarget: 5000, intervalSeconds: 15 }
/** More than this in an hour, of what it holds, is not flat: the collector alone makes some MB of difference. */
const FLAT_SHARE_PER_HOUR = 0.05

export async function runSoak(minutes: number): Promise<void> {
  const [scraper] = SCRAPERS
  if (scraper === undefined) throw new Error('no agent')
  const world = await createScrapeWorld(WORK)
  const running = await scraper.start(world.work)
  const looks: { readonly minute: number; readonly bytes: number }[] = []
  try {
    for (let minute = 1; minute <= minutes; minute++) {
      const bytes = await medianOfMinute(running.pid)
      looks.push({ minute, bytes })
      const { cpuSeconds, peakBytes } = usageOf(running.pid)
      const samples = await world.samples()
      process.stdout.write(
        `minute ${minute}: ${inMb(bytes)}, peak ${inMb(peakBytes)}, ${samples} samples, ${(samples / cpuSeconds / 1e6).toFixed(2)} M per CPU-second\n`,
      )
    }
  } finally {
    await running.stop()
    await world.close()
  }
  process.stdout.write(verdictOf(looks))
}

/** A look a second: what it is most of the time, not what a collection leaves or a scrape takes. */
async function medianOfMinute(pid: number): Promise<number> {
  const looks: number[] = []
  const until = Date.now() + 60_000
  while (Date.now() < until) {
    looks.push(residentBytes(pid))
    await sleep(1000)
  }
  return looks.toSorted((a, b) => a - b)[looks.length >> 1] ?? 0
}

/** The slope over the last three quarters, by least squares. */
function verdictOf(looks: readonly { readonly minute: number; readonly bytes: number }[]): string {
  const last = looks.slice(Math.floor(looks.length / 4))
  const mean = (of: (look: (typeof last)[number]) => number): number => last.reduce((sum, look) => sum + of(look), 0) / last.length
  const [x, y] = [mean(({ minute }) => minute), mean(({ bytes }) => bytes)]
  const spread = last.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)
  const perMinute = spread === 0 ? 0 : last.reduce((sum, { minute, bytes }) => sum + (minute - x) * (bytes - y), 0) / spread
  const perHour = perMinute * 60
  const isFlat = perHour <= FLAT_SHARE_PER_HOUR * y
  return `${isFlat ? 'flat' : 'NOT flat'}: ${(perHour / 1e6).toFixed(1)} MB an hour over the last three quarters, ${inMb(y)} on average\n`
}

const inMb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
