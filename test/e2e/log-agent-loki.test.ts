import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { formatRfc3339 } from '@clymene/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, startLoki, type Engine } from '../engines/index.ts'
import { runReplay } from './run-replay.ts'
import { startService, type Service } from './service.ts'

const WAIT = { timeout: 60_000, interval: 200 }
/** What Loki takes: cluster, container, filename, job, level, namespace, pod and stream, and nothing older than an hour. */
const LIMITS = { max_label_names_per_series: 8, reject_old_samples: true, reject_old_samples_max_age: '1h' }
const TOO_OLD_MS = 3 * 3_600_000
const REFUSED = 5

describeWithEngines(['loki'], 'lines of pods, through stages, in a real Loki', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-log-agent-'))
  const pods = createPods(join(directory, 'pods'))
  const buffer = join(directory, 'buffer')
  let loki: Engine
  let agent: Service
  beforeAll(async () => {
    loki = await startLoki({ multiTenant: true, limits: LIMITS })
    pods.write(20)
    agent = await startService('agent', {
      environment: { STORAGE_TYPE: 'loki' },
      flags: [
        `--loki.client.url=${loki.url}/loki/api/v1/push`,
        `--promtail.config.file=${writeConfig(directory)}`,
        `--buffer.dir=${buffer}`,
        '--cluster=c1',
        '--clymene-promtail.tenant-id=main',
        '--clymene-promtail.batch-wait=100ms',
        '--clymene-promtail.max-backoff=1s',
      ],
    })
  })
  afterAll(async () => {
    await agent?.stop()
    await loki?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  const counts = async () => ({
    web: await countIn(loki, 'main', '{pod="web-0"}'),
    info: await countIn(loki, 'main', '{pod="web-0", level="info"}'),
    java: await countIn(loki, 'main', '{pod="java-0"}'),
    bank: await countIn(loki, 'bank', '{namespace="bank"}'),
  })
  const expected = (rounds: number) => ({ web: rounds, info: rounds / 2, java: rounds, bank: rounds })

  test('an outage of Loki in the middle: every line is there once, counted by LogQL under its labels', async () => {
    await expect.poll(counts, WAIT).toEqual(expected(20))
    await loki.halt()
    pods.write(30)
    await expect.poll(() => agent.readyz(), WAIT).toMatchObject({ status: 503 })
    await loki.restart()
    pods.write(10)
    await expect.poll(counts, WAIT).toEqual(expected(60))
  })

  test('labels, structured metadata and text are what the stages made of them', async () => {
    const [found, ...more] = await entriesIn(loki, 'main', '{cluster="c1", namespace="shop"} | order = `o-7`')
    expect(more).toEqual([])
    expect(found).toEqual({
      labels: {
        cluster: 'c1',
        container: 'web',
        filename: pods.pathOf('web'),
        job: 'pods',
        level: 'error',
        namespace: 'shop',
        pod: 'web-0',
        stream: 'stdout',
      },
      metadata: { order: 'o-7' },
      line: 'order 7',
      timestampNs: pods.timeOf('web', 7),
    })
    const blocks = await entriesIn(loki, 'main', '{pod="java-0", stream="stderr"} |= "failure 11 "')
    expect(blocks.map(({ line }) => line)).toEqual(['2024-05-01 failure 11 \n  at Shop.order\n  at Shop.main'])
  })

  test('tenants have their own lines only', async () => {
    expect(await countIn(loki, 'main', '{namespace="bank"}')).toBe(0)
    expect(await countIn(loki, 'bank', '{namespace="shop"}')).toBe(0)
  })

  test('what Loki refuses for good is in the dead-letter log of the agent, with why, and the lines after it go on', async () => {
    pods.writeRefused(REFUSED)
    pods.write(2)
    await expect.poll(counts, WAIT).toEqual(expected(62))
    await expect.poll(() => agent.metric('clymene_delivery_dead_letters_total'), WAIT).toBeGreaterThan(0)
    await expect.poll(() => agent.metric('clymene_delivery_dead_letter_records_total'), WAIT).toBe(2 * REFUSED)
    expect(await countIn(loki, 'main', '{pod=~"wide-0|old-0"}')).toBe(0)
    await agent.halt()
    const { stdout, stderr } = await runReplay(['show', `--buffer.dir=${buffer}`])
    expect(stderr).toMatch(new RegExp(`${2 * REFUSED} records\n$`))
    const text = stdout.join('\n')
    expect(text).toMatch(/ {2}loki {2}c1 {2}logs-dead-letter\/0\/\d+ {2}1 record {2}400 {2}.*13 label names; limit 8/)
    expect(text).toMatch(/ {2}loki {2}c1 {2}logs-dead-letter\/0\/\d+ {2}1 record {2}400 {2}.*timestamp too old/)
    for (let number = 1; number <= REFUSED; number++) for (const pod of ['wide', 'old']) expect(text).toContain(`${pod} ${number}`)
  })
})

/** Logs of four containers as a runtime writes them; every line has a time of its own. */
function createPods(directory: string) {
  const pathOf = (container: string): string =>
    join(directory, `${container === 'ledger' ? 'bank' : 'shop'}_${container}-0_uid`, container, '0.log')
  const times = new Map<string, bigint>()
  let lastNs = BigInt(Date.now()) * 1_000_000n
  let rounds = 0
  let refused = 0
  const write = (container: string, stream: string, number: number, lines: readonly string[], ageMs = 0): void => {
    lastNs += 1_000_003n
    const timeNs = lastNs - BigInt(ageMs) * 1_000_000n
    times.set(`${container} ${number}`, timeNs)
    mkdirSync(dirname(pathOf(container)), { recursive: true })
    appendFileSync(pathOf(container), lines.map((line) => `${formatRfc3339(timeNs)} ${stream} F ${line}\n`).join(''))
  }
  return {
    pathOf,
    timeOf: (container: string, number: number): bigint => times.get(`${container} ${number}`) ?? 0n,
    write: (count: number): void => {
      for (const last = rounds + count; rounds < last;) {
        rounds++
        const entry = { level: rounds % 2 === 0 ? 'info' : 'error', order: `o-${rounds}`, message: `order ${rounds}` }
        write('web', 'stdout', rounds, [JSON.stringify(entry)])
        write('java', 'stderr', rounds, [`2024-05-01 failure ${rounds} `, '  at Shop.order', '  at Shop.main'])
        write('ledger', 'stdout', rounds, [`booked ${rounds}`])
      }
    },
    writeRefused: (count: number): void => {
      for (const last = refused + count; refused < last;) {
        refused++
        write('wide', 'stdout', refused, [`wide ${refused}`])
        write('old', 'stdout', refused, [`old ${refused}`], TOO_OLD_MS)
      }
    },
  }
}

function writeConfig(directory: string): string {
  const path = join(directory, 'promtail.yml')
  writeFileSync(
    path,
    String.raw`
positions: {filename: ${join(directory, 'positions.yaml')}}
scrape_configs:
  - job_name: pods
    static_configs:
      - {targets: [localhost], labels: {job: pods, __path__: '${join(directory, 'pods')}/*/*/*.log'}}
    pipeline_stages:
      - cri: {}
      - regex: {source: filename, expression: '/(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_[^_/]+/(?P<container>[^/]+)/0\.log$'}
      - labels: {namespace: '', pod: '', container: ''}
      - match:
          selector: '{container="web"}'
          stages:
            - json: {expressions: {level: level, order: order, message: message}}
            - labels: {level: ''}
            - structured_metadata: {order: ''}
            - output: {source: message}
      - match:
          selector: '{container="java"}'
          stages: [{multiline: {firstline: '^\d{4}-', max_wait_time: 1s}}]
      - match:
          selector: '{namespace="bank"}'
          stages: [{tenant: {value: bank}}]
      - match:
          selector: '{container="wide"}'
          stages: [{static_labels: {a: '1', b: '2', c: '3', d: '4', e: '5', f: '6'}}]
`,
  )
  return path
}

type FoundEntry = {
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly line: string
  readonly timestampNs: bigint
}

/** Times and labels as they were pushed: structured metadata apart from the labels. */
async function entriesIn(loki: Engine, tenant: string, query: string): Promise<readonly FoundEntry[]> {
  const { result } = await ask(loki, tenant, '/loki/api/v1/query_range', { query, limit: '1000', since: '1h' })
  return result.flatMap(({ stream, values }: { stream: Record<string, string>; values: [string, string, Categorized?][] }) =>
    values.map(([timestampNs, line, more]) => ({
      labels: stream,
      metadata: more?.structuredMetadata ?? {},
      line,
      timestampNs: BigInt(timestampNs),
    })),
  )
}

type Categorized = { readonly structuredMetadata?: Readonly<Record<string, string>> }

async function countIn(loki: Engine, tenant: string, selector: string): Promise<number> {
  const { result } = await ask(loki, tenant, '/loki/api/v1/query', { query: `sum(count_over_time(${selector}[1h]))` })
  return Number(result[0]?.value[1] ?? 0)
}

// oxlint-disable-next-line typescript/no-explicit-any -- an answer of Loki, picked apart by its callers
async function ask(loki: Engine, tenant: string, path: string, parameters: Readonly<Record<string, string>>): Promise<any> {
  const headers = { 'x-scope-orgid': tenant, 'x-loki-response-encoding-flags': 'categorize-labels' }
  const response = await fetch(`${loki.url}${path}?${new URLSearchParams(parameters).toString()}`, { headers })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`)
  return JSON.parse(text).data
}
