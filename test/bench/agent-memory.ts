import { setTimeout as sleep } from 'node:timers/promises'

import { createScrapeWorld } from './scrape-world.ts'
import { SCRAPERS, type Scraper } from './scrapers.ts'
import { tableOfCells } from './table.ts'
import { residentBytes, usageOf } from './usage.ts'

/** Scrapes before it is looked at: memory of first scrapes is not what stays. */
const SCRAPES = 5

type Load = { readonly targets: number; readonly seriesPerTarget: number; readonly intervalSeconds: number }
type Held = {
  /** Medians of looks at it over two scrapes, and most that it ever had, bytes. */
  readonly resident: number
  readonly peak: number
  readonly samplesPerCpuSecond: number
}

/** What one scraper holds, and what a sample costs, at some load. */
async function hold(scraper: Scraper, load: Load): Promise<Held> {
  const world = await createScrapeWorld(load)
  try {
    const running = await scraper.start(world.work)
    try {
      await world.taken(SCRAPES * world.series, 20 * SCRAPES * load.intervalSeconds)
      const [start, before] = [await world.samples(), usageOf(running.pid)]
      const looks: number[] = []
      const until = Date.now() + 2000 * load.intervalSeconds
      while (Date.now() < until) {
        looks.push(residentBytes(running.pid))
        await sleep(500)
      }
      const [count, after] = [(await world.samples()) - start, usageOf(running.pid)]
      const resident = looks.toSorted((a, b) => a - b)[looks.length >> 1] ?? 0
      return { resident, peak: after.peakBytes, samplesPerCpuSecond: count / (after.cpuSeconds - before.cpuSeconds) }
    } finally {
      await running.stop()
    }
  } finally {
    await world.close()
  }
}

/** Memory at a hundred thousand and a million series, and what a series more takes: the slope between them. */
export async function memoryTable(intervalSeconds: number): Promise<string> {
  const rows: string[][] = []
  for (const scraper of here()) {
    const small = await hold(scraper, { targets: 20, seriesPerTarget: 5000, intervalSeconds })
    tell(scraper, '100,000 series', small)
    const large = await hold(scraper, { targets: 200, seriesPerTarget: 5000, intervalSeconds })
    tell(scraper, '1,000,000 series', large)
    const slope = (of: 'resident' | 'peak'): string => String(Math.round((large[of] - small[of]) / 900_000))
    rows.push([
      scraper.name,
      inMb(small.resident),
      inMb(large.resident),
      slope('resident'),
      inMb(small.peak),
      inMb(large.peak),
      slope('peak'),
    ])
  }
  return tableOfCells(['', '100,000', '1,000,000', 'B a series', 'peak 100,000', 'peak 1,000,000', 'B a series, peak'], rows)
}

/** The same hundred thousand series in a hundred, ten or one target. */
export async function pagesTable(intervalSeconds: number): Promise<string> {
  const rows: string[][] = []
  for (const scraper of here())
    for (const seriesPerTarget of [1000, 10_000, 100_000]) {
      const held = await hold(scraper, { targets: 100_000 / seriesPerTarget, seriesPerTarget, intervalSeconds })
      tell(scraper, `${seriesPerTarget} a target`, held)
      const rate = `${(held.samplesPerCpuSecond / 1e6).toFixed(2)} M samples`
      rows.push([scraper.name, `${100_000 / seriesPerTarget} × ${seriesPerTarget}`, rate, inMb(held.resident), inMb(held.peak)])
    }
  return tableOfCells(['', 'targets × series', 'per CPU-second', 'memory', 'peak memory'], rows)
}

const here = (): readonly Scraper[] => SCRAPERS.filter((scraper) => scraper.whyNot() === undefined)
const inMb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
const tell = ({ name }: Scraper, what: string, { resident, samplesPerCpuSecond }: Held): void =>
  void process.stderr.write(`${name}, ${what}: ${inMb(resident)}, ${(samplesPerCpuSecond / 1e6).toFixed(2)} M samples per CPU-second\n`)
