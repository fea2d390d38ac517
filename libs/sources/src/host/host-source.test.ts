import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { Labels } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, describe, expect, test } from 'vitest'

import { type BatchSample, readBatch } from '../scrape/read-batch.test-kit.ts'
import { formatFamilies, single } from './family.ts'
import { createMountReader, type MountUsage } from './filesystem.ts'
import { createHostSource } from './host-source.ts'
import { PORTABLE_COLLECTORS } from './portable.ts'
import { hostCollectors, LINUX_ROOT, readHost } from './read-host.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

/** A folder that looks like /proc and /sys. */
async function fakeRoot(files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'clymene-host-'))
  folders.push(folder)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return { proc: join(folder, 'proc'), sys: join(folder, 'sys'), rootfs: folder }
}

/** Batches until `enough` says so, and what comes after the stop. */
async function collect(root: Parameters<typeof createHostSource>[0]['root'], enough: (batches: BatchSample[][]) => boolean) {
  const stop = new AbortController()
  const batches: BatchSample[][] = []
  const streams = new Set<string>()
  const externalLabels: Labels = [['cluster', 'c']]
  const source = createHostSource({
    intervalMs: 20,
    instance: 'me:1',
    externalLabels,
    streams: 4,
    logger: silentLogger,
    metrics: createMetrics(),
    ...(root && { root }),
  })
  await source.run((batch) => {
    batches.push(readBatch(batch.body))
    expect(batch.records).toBe(batches.at(-1)?.length)
    streams.add(batch.stream)
    if (enough(batches)) stop.abort(new DOMException('stopped', 'AbortError'))
    return Promise.resolve()
  }, stop.signal)
  return { batches, streams }
}

describe('the host source', () => {
  test('hands over this machine as a scrape would, again and again, and at the stop ends no series', async () => {
    const { batches, streams } = await collect(undefined, (all) => all.length === 3)
    const labels = 'cluster="c",instance="me:1",job="node"'
    expect(batches).toHaveLength(3)
    for (const batch of batches) {
      const values = new Map(batch.map(({ series, value }) => [series, value]))
      expect(values.get(`up{${labels}}`)).toBe(1)
      expect(values.get(`node_time_seconds{${labels}}`)).toBeCloseTo(Date.now() / 1000, -2)
      expect(values.get(`node_cpu_seconds_total{cluster="c",cpu="0",instance="me:1",job="node",mode="idle"}`)).toBeGreaterThan(0)
      expect(values.get(`node_memory_MemTotal_bytes{${labels}}`)).toBeGreaterThan(1e6)
      expect(values.get(`scrape_samples_scraped{${labels}}`)).toBe(batch.length - 5)
      expect(new Set(batch.map(({ at }) => at)).size).toBe(1)
    }
    expect(batches.flatMap((batch) => batch.map(({ value }) => value))).not.toContain('stale')
    expect(streams.size).toBe(1)
  })

  test('what is not accepted is counted every time and told once a minute', async () => {
    const stop = new AbortController()
    const metrics = createMetrics()
    const told: unknown[] = []
    const logger = { ...silentLogger, error: (message: string) => void told.push(message) }
    let samples = 0
    const options = { intervalMs: 20, instance: 'me:1', externalLabels: [], streams: 1, logger, metrics }
    let emitted = 0
    await createHostSource(options).run((batch) => {
      samples += batch.records
      if (++emitted === 3) stop.abort(new DOMException('stopped', 'AbortError'))
      return Promise.reject(new Error('full'))
    }, stop.signal)
    const lost = await metrics.registry.getSingleMetric('clymene_agent_host_samples_lost_total')?.get()
    expect(lost?.values[0]?.value).toBe(samples)
    expect(told).toEqual(['readings of this machine were not accepted'])
  })

  test('a collector that fails is told and hurts no other', async () => {
    const root = await fakeRoot({ 'proc/stat': 'cpu0 1 2 3 4\nctxt 7\n', 'proc/loadavg': 'broken\n', 'proc/meminfo': 'MemTotal: 1 kB\n' })
    const { batches } = await collect(root, (all) => all.length === 1)
    const values = new Map(
      batches[0]?.map(({ series, value }) => [series.replace('cluster="c",', '').replace(',instance="me:1",job="node"', ''), value]),
    )
    const success = (collector: string): unknown => values.get(`node_scrape_collector_success{collector="${collector}"}`)
    expect(['cpu', 'stat', 'meminfo', 'loadavg', 'diskstats'].map(success)).toEqual([1, 1, 1, 0, 0])
    expect(values.get('node_context_switches_total{instance="me:1",job="node"}')).toBe(7)
  })

  test('a failure names its reason', async () => {
    const root = await fakeRoot({ 'proc/stat': '' })
    const { failures } = await readHost(await hostCollectors(root), root)
    expect(failures.get('meminfo')).toContain('ENOENT')
    expect(failures.has('pressure')).toBe(false)
  })

  test('a root of its own is read: mounts of process 1, files of devices', async () => {
    const root = await fakeRoot({
      'proc/stat': '',
      'proc/1/mounts': '/dev/x / ext4 rw 0 0\n/dev/y /gone ext4 rw 0 0\n',
      'proc/mounts': '/dev/z / ext4 rw 0 0\n',
      'sys/class/net/eth7/operstate': 'up\n',
      'sys/class/net/bonding_masters': 'x\n',
    })
    const { families } = await readHost(await hostCollectors(root), root)
    const text = formatFamilies(families)
    expect(text).toMatch(/^node_filesystem_size_bytes\{device="\/dev\/x",fstype="ext4",mountpoint="\/"\} \d+$/m)
    expect(text).toContain('node_filesystem_device_error{device="/dev/y",fstype="ext4",mountpoint="/gone"} 1\n')
    expect(text).toContain('node_network_up{device="eth7"} 1\n')
    expect(text).not.toContain('bonding_masters')
  })

  test.runIf(process.platform === 'linux')('every collector succeeds on a real Linux but for what it has not got', async () => {
    const { families, failures } = await readHost(await hostCollectors(LINUX_ROOT), LINUX_ROOT)
    expect([...failures.keys()].filter((name) => !['diskstats', 'netclass', 'netstat'].includes(name))).toEqual([])
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length)
  })
})

describe('without /proc', () => {
  test('Node tells processors, memory, load, system and start under the same names', async () => {
    const collectors = await hostCollectors({ proc: '/nowhere', sys: '/nowhere', rootfs: '/' })
    expect(collectors.slice(0, -1)).toEqual(PORTABLE_COLLECTORS)
    const { families, failures } = await readHost(collectors, LINUX_ROOT)
    expect(failures.size).toBe(0)
    expect(families.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'counter node_cpu_seconds_total',
      'gauge node_memory_MemTotal_bytes',
      'gauge node_memory_MemFree_bytes',
      'gauge node_memory_MemAvailable_bytes',
      'gauge node_load1',
      'gauge node_load5',
      'gauge node_load15',
      'gauge node_boot_time_seconds',
      'gauge node_uname_info',
      'gauge node_time_seconds',
      'gauge node_scrape_collector_duration_seconds',
      'gauge node_scrape_collector_success',
    ])
    for (const { samples } of families) for (const { value } of samples) expect(value).toBeGreaterThanOrEqual(0)
  })
})

describe('a mount reader', () => {
  const usage: MountUsage = { sizeBytes: 1, freeBytes: 1, availableBytes: 1, files: 1, filesFree: 1 }

  test('asks no mount again that has not answered, and only two such at all', async () => {
    const asked: string[] = []
    const answers = new Map<string, () => void>()
    const read = createMountReader((path) => {
      asked.push(path)
      return path.startsWith('/hung') ? new Promise((resolve) => answers.set(path, () => resolve(usage))) : Promise.resolve(usage)
    }, 5)
    expect(await read('/fine')).toEqual(usage)
    expect([await read('/hung1'), await read('/hung1'), await read('/hung2'), await read('/fine')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    answers.get('/hung1')?.()
    await new Promise(setImmediate)
    expect(await read('/fine')).toEqual(usage)
    expect(asked).toEqual(['/fine', '/hung1', '/hung2', '/fine'])
  })

  test('one that fails is as one that does not answer', async () => {
    expect(await createMountReader(() => Promise.reject(new Error('EIO')))('/x')).toBeUndefined()
  })
})

test('the text of families escapes label values', () => {
  const family = { ...single('gauge', 'a', 'Help.', 1), samples: [{ labels: [['b', 'x"\\\n']] as const, value: 0.5 }] }
  expect(formatFamilies([family])).toBe('# HELP a Help.\n# TYPE a gauge\na{b="x\\"\\\\\\n"} 0.5\n')
})
