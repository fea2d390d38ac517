import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startLoki, type Engine } from '../engines/index.ts'
import { writeLogConfig } from './agent-config.ts'
import { linesInLoki } from './collected.ts'
import { startService, type Service } from './service.ts'
import { createNumberedLog, numbersTo } from './world.ts'

const WAIT = { timeout: 120_000, interval: 1000 }
const TICK_MS = 20
const LINES_A_TICK = 80
/** A rotation every 300 ms while lines come at the full rate of 4,000 a second. */
const LINES_A_FILE = 1200

describeWithEngines(['loki'], 'files that are written fast and rotated often', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-rotation-'))
  const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), LINES_A_FILE)
  let loki: Engine
  let agent: Service
  beforeAll(async () => {
    loki = await startLoki()
    agent = await startService('agent', {
      environment: { STORAGE_TYPE: 'loki' },
      flags: [
        `--loki.client.url=${loki.url}/loki/api/v1/push`,
        `--promtail.config.file=${writeLogConfig(directory)}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        '--cluster=c1',
        `--http.port=127.0.0.1:${await freePort()}`,
      ],
    })
  })
  afterAll(async () => {
    await agent?.stop()
    await loki?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  test('every line is in Loki, also when the agent is killed twice', async () => {
    const writing = write(log, 40_000)
    for (const written of [10_000, 24_000]) {
      await expect.poll(() => log.written(), { ...WAIT, interval: 20 }).toBeGreaterThan(written)
      await agent.kill()
      await agent.restart()
    }
    await writing
    await expect.poll(async () => (await linesInLoki(loki.url)).length, WAIT).toBe(log.written())
    expect(await linesInLoki(loki.url)).toEqual(numbersTo(log.written()))
    expect(await agent.metric('clymene_delivery_dead_letters_total')).toBe(0)
  })
})

async function write(log: ReturnType<typeof createNumberedLog>, lines: number): Promise<void> {
  while (log.written() < lines) {
    log.write(LINES_A_TICK)
    await sleep(TICK_MS)
  }
}
