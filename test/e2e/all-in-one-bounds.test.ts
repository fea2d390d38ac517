import { randomBytes } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { makeWorld, startAllInOne, type AllInOne } from './all-in-one.ts'

const MIB = 1024 ** 2
const WAIT = { timeout: 120_000, interval: 100 }
const LIMITS = { bus: 16 * MIB, buffer: 16 * MIB, store: 16 * MIB }
/** Its own log is ten files of 1 MiB; positions, offsets and numbering are small. */
const OTHERS = 11 * MIB
const ROUNDS = 17
const LINES_A_ROUND = 20_000

const world = makeWorld('bounds')
let service: AllInOne

beforeAll(async () => {
  service = await startAllInOne({
    flags: [
      ...world.flags,
      '--host.interval=1s',
      `--bus.max-bytes=${LIMITS.bus}`,
      `--buffer.max-bytes=${LIMITS.buffer}`,
      `--embedded.max-bytes=${LIMITS.store}`,
    ],
  })
})
afterAll(async () => {
  await service?.stop()
  world.remove()
})

test('small limits hold under a load of several times their size, at every moment', async () => {
  let last = ''
  for (let round = 1; round <= ROUNDS; round++) {
    // Random: what cannot be packed takes its full size.
    last = `round ${round} end`
    const lines = Array.from({ length: LINES_A_ROUND }, () => randomBytes(150).toString('base64'))
    appendFileSync(join(world.logs, 'load.log'), `${lines.join('\n')}\n${last}\n`)
    await expect
      .poll(async () => {
        expect(bytesIn(join(world.data, 'bus'))).toBeLessThanOrEqual(LIMITS.bus)
        expect(bytesIn(join(world.data, 'buffer'))).toBeLessThanOrEqual(LIMITS.buffer)
        expect(bytesIn(join(world.data, 'store'))).toBeLessThanOrEqual(LIMITS.store)
        expect(bytesIn(world.data)).toBeLessThanOrEqual(LIMITS.bus + LIMITS.buffer + LIMITS.store + OTHERS)
        return (await service.lines('job="varlogs"', 'round')).map(({ line }) => line)
      }, WAIT)
      .toContain(last)
  }
  const written = statSync(join(world.logs, 'load.log')).size
  expect(written).toBeGreaterThan(2 * (LIMITS.bus + LIMITS.store))
  const { bytes, expiredLines, lines } = await service.stats()
  expect(bytes).toBeLessThanOrEqual(LIMITS.store)
  expect(expiredLines).toBeGreaterThan(0)
  expect(lines).toBeGreaterThan(0)
})

test('what is newest is kept: samples go on, and the page answers', async () => {
  const to = Date.now() + 5000
  await expect
    .poll(
      async () => (await service.range({ name: 'up', match: 'job="node"', fn: 'last', by: '', from: to - 20_000, to, step: 1000 })).length,
      WAIT,
    )
    .toBe(1)
  expect((await service.flow()).filter(({ ready }) => !ready)).toEqual([])
})

test('memory stays bounded too', () => {
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) / 1024
  process.stdout.write(`peak memory of the all-in-one under load: ${Math.round(peak)} MiB\n`)
  expect(peak).toBeLessThan(768)
})

test('an idle one takes little CPU', async () => {
  // proc(5): utime and stime are the 12th and 13th field after the name in brackets, in hundredths of a second.
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${service.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return Number(fields[11]) + Number(fields[12])
  }
  const before = ticks()
  const seconds = 5
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const share = (ticks() - before) / 100 / seconds
  process.stdout.write(`CPU of an idle all-in-one that reads this machine every second: ${(share * 100).toFixed(1)}% of a core\n`)
  // A loop that spins takes a whole core.
  expect(share).toBeLessThan(0.5)
})

/** Bytes of all files below a folder; one that goes away meanwhile counts nothing. */
function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0), 0)
}
