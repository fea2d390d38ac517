import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { JoinedLedger } from '@clymene/ledger'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'

import { makeWorld, node, root, startAllInOne, type AllInOne } from './all-in-one.ts'
import { numbersTo, startCountedTarget, type CountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 200 }
const KILLS = 3
const cli = join(root, 'services/clymene/bin/clymene.mjs')

const world = makeWorld('kill')
let service: AllInOne
let target: CountedTarget
/** Lines with a time of their own, as the container runtime writes them. */
const timed = createLines(
  join(world.directory, 'timed.log'),
  (text) => `${new Date().toISOString().replace('Z', '000000Z')} stdout F ${text}`,
)
/** Lines without: they get the time at which they are read. */
const plain = createLines(join(world.logs, 'plain.log'), (text) => text)
/** A file that is there from the beginning and stays as it is. */
const history = createLines(join(world.logs, 'history.log'), (text) => text)
const [TIMED, PLAIN, HISTORY] = ['job="timed"', 'filename=~".*/plain.log"', 'filename=~".*/history.log"'] as const
let writing: NodeJS.Timeout

beforeAll(async () => {
  history.write(30_000)
  target = await startCountedTarget()
  writeFileSync(join(world.directory, 'scrape.yml'), scrapeConfig(target.address))
  writeFileSync(join(world.directory, 'promtail.yml'), logConfig(world.directory))
  service = await startAllInOne({
    flags: [
      ...world.flags,
      `--config.file=${join(world.directory, 'scrape.yml')}`,
      `--promtail.config.file=${join(world.directory, 'promtail.yml')}`,
    ],
  })
  writing = setInterval(() => {
    timed.write(5)
    plain.write(5)
  }, 10)
})
afterAll(async () => {
  clearInterval(writing)
  await service?.stop()
  await target?.close()
  world.remove()
})

const numbersIn = async (match: string): Promise<readonly number[]> =>
  (await service.lines(match)).map(({ line }) => Number(/^line (\d+) /.exec(line)?.[1]))
const samples = async () => {
  const to = Date.now() + 1000
  const series = await service.range({ name: 'counted_total', match: 'shape="plain"', fn: 'raw', from: to - 3_600_000, to })
  return series.flatMap(({ points }) => points.map(([, value]) => value)).toSorted((a, b) => a - b)
}

test('what was there before the start is read', async () => {
  await expect.poll(async () => (await numbersIn(HISTORY)).length, WAIT).toBe(history.written())
  // Until the position is on the disk a kill would have it read again.
  const size = statSync(history.path).size
  const positions = (): Readonly<Record<string, string>> => parse(readFileSync(join(world.data, 'positions.yaml'), 'utf8')).positions
  await expect.poll(() => positions()[history.path], WAIT).toBe(String(size))
})

test.each(Array.from({ length: KILLS }, (_, kill) => kill + 1))(
  'kill -9 in the middle of writing and scraping, time %i: nothing acknowledged is missing',
  async () => {
    const [lines, served] = [timed.written(), (await samples()).length]
    // Well into it: lines and scrapes of this run are stored.
    await expect.poll(async () => (await numbersIn(TIMED)).length, WAIT).toBeGreaterThan(lines)
    await expect.poll(async () => (await samples()).length, WAIT).toBeGreaterThan(served)
    const before = { plain: await numbersIn(PLAIN), timed: await numbersIn(TIMED), samples: await samples() }
    await service.kill()
    await service.restart()

    const after = { plain: new Set(await numbersIn(PLAIN)), timed: new Set(await numbersIn(TIMED)), samples: new Set(await samples()) }
    expect(before.plain.filter((number) => !after.plain.has(number))).toEqual([])
    expect(before.timed.filter((number) => !after.timed.has(number))).toEqual([])
    expect(before.samples.filter((value) => !after.samples.has(value))).toEqual([])

    // Files go on where they were: this run has read new lines, and not those of the first file once more.
    const newest = plain.written()
    await expect.poll(async () => (await numbersIn(PLAIN)).at(-1), WAIT).toBeGreaterThan(newest)
    expect(await service.metric('agent', 'clymene_agent_file_read_lines_total')).toBeLessThan(history.written())
  },
)

test('every line is there exactly as written; one that has a time of its own exactly once', async () => {
  clearInterval(writing)
  for (const [match, written] of [
    [TIMED, timed],
    [PLAIN, plain],
    [HISTORY, history],
  ] as const) {
    await expect.poll(async () => new Set(await numbersIn(match)).size, WAIT).toBe(written.written())
    expect(new Set((await service.lines(match)).map(({ line }) => line))).toEqual(new Set(written.texts()))
  }
  expect((await numbersIn(TIMED)).toSorted((a, b) => a - b)).toEqual(numbersTo(timed.written()))
  expect(await numbersIn(HISTORY)).toEqual(numbersTo(history.written()))
})

test('every sample that was acknowledged is there, none twice', async () => {
  const stored = await samples()
  expect(stored).toEqual([...new Set(stored)])
  // Those that were being fetched when the process was killed are lost: one of each time.
  expect(stored.length).toBeGreaterThanOrEqual(target.served() - KILLS - 1)
})

test('the books say the same, over all kills: every message has come to the bus and is stored', async () => {
  const addresses = (['agent', 'gateway', 'ingester'] as const).map((name) => `127.0.0.1:${service.ports[`${name}.admin.http.host-ports`]}`)
  const { status, stdout, stderr } = spawnSync(node, [cli, 'ledger', `--url=${addresses.join()}`, '--output=json'], { encoding: 'utf8' })
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the tool writes
  const { senders, findings } = JSON.parse(stdout) as JoinedLedger
  expect(findings.filter(({ level }) => level === 'loss')).toEqual([])
  // Messages of three runs: none of an earlier one was forgotten.
  const samplesOf = senders.find(({ kind }) => kind === 'metrics')
  expect(samplesOf?.acknowledged).toBeGreaterThan(target.served() - KILLS - 1)
})

/** A file of numbered lines, each with something of its own in it. */
function createLines(path: string, lineOf: (text: string) => string) {
  const texts: string[] = []
  return {
    path,
    written: () => texts.length,
    texts: (): readonly string[] => texts,
    write: (count: number): void => {
      const added = Array.from(
        { length: count },
        (_, index) => `line ${texts.length + index + 1} "ü€" ${'x'.repeat((texts.length + index) % 200)}`,
      )
      texts.push(...added)
      appendFileSync(path, added.map((text) => `${lineOf(text)}\n`).join(''))
    },
  }
}

const scrapeConfig = (address: string): string => `
scrape_configs:
  - job_name: counted
    scrape_interval: 500ms
    scrape_timeout: 400ms
    static_configs: [{ targets: ['${address}'] }]
`

const logConfig = (directory: string): string => `
positions: { filename: ${join(directory, 'data', 'more-positions.yaml')} }
scrape_configs:
  - job_name: timed
    static_configs: [{ targets: [localhost], labels: { job: timed, __path__: ${join(directory, 'timed.log')} } }]
    pipeline_stages: [{ cri: {} }]
`
