import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { layOutImage } from '../../tools/image-files.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { startEngine } from '../engines/engine.ts'
import { freePort } from '../engines/index.ts'
import { createLogWorld, type LogAgent, type LogWorld } from './log-world.ts'
import { tableOfCells } from './table.ts'
import { ownBytes, residentBytes, usageOf } from './usage.ts'

const STAGES = [{ cri: {} }, { labels: { stream: '' } }]
const SECONDS = 30
/** The start is over, what it took is collected. */
const SETTLE_MS = 15_000

/** What the bundle that the image runs takes: when nothing is written, with a thousand lines a second, and with a thousand files. */
export async function footprintTable(): Promise<string> {
  const image = makeDataDirectory('agent-image')
  await layOutImage('agent', image)
  const start = (flags: readonly string[]): Promise<LogAgent> => startBundle(image, flags)
  const rows: string[][] = []
  const row = async (name: string, files: number, work: (world: LogWorld) => Promise<void>): Promise<void> => {
    const world = await createLogWorld({ files, form: 'text', stages: STAGES, start })
    try {
      world.append(1)
      await world.delivered(60)
      await sleep(SETTLE_MS)
      const { pid } = world.agent
      const [before, begun] = [usageOf(pid), performance.now()]
      await work(world)
      const [after, seconds] = [usageOf(pid), (performance.now() - begun) / 1000]
      const millicores = (1000 * (after.cpuSeconds - before.cpuSeconds)) / seconds
      rows.push([name, inMb(residentBytes(pid)), inMb(ownBytes(pid)), inMb(after.peakBytes), millicores.toFixed(1)])
      process.stderr.write(`${rows.at(-1)?.join('  ')}\n`)
    } finally {
      await world.close()
    }
  }
  await row('50 files, nothing is written', 50, () => sleep(SECONDS * 1000))
  await row('50 files, 1,000 lines a second', 50, async (world) => {
    for (let tick = 0; tick < SECONDS * 10; tick++) {
      // Each file 20 lines a second.
      world.append(2)
      await sleep(100)
    }
    await world.delivered(30)
  })
  await row('1,000 files, nothing is written', 1000, () => sleep(SECONDS * 1000))
  await row('1,000 files, 300 MB at once', 1000, async (world) => {
    world.append(1500)
    await world.delivered(300)
  })
  return tableOfCells(['', 'memory', 'of it its own', 'peak memory', 'millicores'], rows)
}

async function startBundle(image: string, flags: readonly string[]): Promise<LogAgent> {
  const url = `http://127.0.0.1:${await freePort()}`
  return startEngine({
    name: 'agent',
    url,
    directory: makeDataDirectory('agent'),
    command: process.execPath,
    args: [join(image, 'bin/clymene-agent'), `--admin.http.host-ports=${new URL(url).host}`, ...flags],
    // As the image has it.
    environment: { STORAGE_TYPE: 'gateway', MALLOC_ARENA_MAX: '1' },
    isReady: async (signal) => (await fetch(`${url}/readyz`, { signal })).ok,
  })
}

const inMb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
