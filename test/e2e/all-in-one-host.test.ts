import { formatFamilies, hostCollectors, LINUX_ROOT, readHost } from '@clymene/sources'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { describeWithEngines, startNodeExporter, type Engine } from '../engines/index.ts'
import { makeWorld, startAllInOne, type AllInOne, type PageSeries } from './all-in-one.ts'
import { parseExposed, seriesKey, type Exposed } from './exposed.ts'

const WAIT = { timeout: 60_000, interval: 250 }

/** Names that belong to what a newcomer looks at, and how much of them comes from each collector. */
const FAMILIES: Readonly<Record<string, RegExp>> = {
  cpu: /^node_cpu_(guest_)?seconds_total$/,
  memory: /^node_memory_/,
  load: /^node_load(1|5|15)$/,
  filesystem: /^node_filesystem_/,
  disk: /^node_disk_/,
  network: /^node_network_/,
  uname: /^node_uname_info$/,
  'boot time': /^node_boot_time_seconds$/,
}

/** What udev's database knows of a disk (model, serial number, file system): this machine's agent does not read that. */
const OF_UDEV = /^node_disk_(info|filesystem_info|device_mapper_info|ata_)/

describeWithEngines(['node-exporter'], "this machine's metrics beside those of a real node-exporter", () => {
  const world = makeWorld('host')
  let service: AllInOne
  let exporter: Engine
  let theirs: Exposed
  let ourTypes: ReadonlyMap<string, string>
  /** Newest value of each of our series. */
  const ours = new Map<string, number>()

  beforeAll(async () => {
    exporter = await startNodeExporter()
    theirs = parseExposed(await (await fetch(`${exporter.url}/metrics`)).text())
    service = await startAllInOne({ flags: world.flags })
    await vi.waitFor(async () => {
      if ((await newest(service, 'node_uname_info')).length === 0) throw new Error('this machine was not read yet')
    }, WAIT)
    for (const name of new Set(theirs.series.map((series) => series.name))) {
      for (const { labels, points } of await newest(service, name))
        ours.set(seriesKey(name, withoutTarget(labels)), points.at(-1)?.[1] ?? NaN)
    }
    ourTypes = parseExposed(formatFamilies((await readHost(await hostCollectors(LINUX_ROOT), LINUX_ROOT)).families)).types
  })
  afterAll(async () => {
    await Promise.all([service?.stop(), exporter?.stop()])
    world.remove()
  })

  describe.each(Object.entries(FAMILIES))('%s', (_title, belongs) => {
    const wanted = () => theirs.series.filter(({ name }) => belongs.test(name) && !OF_UDEV.test(name))

    test('has every series of node-exporter, under the same name and labels', () => {
      expect(wanted().length).toBeGreaterThan(0)
      expect(wanted().filter(({ key }) => !ours.has(key))).toEqual([])
    })

    test('has the same types', () => {
      const names = [...new Set(wanted().map(({ name }) => name))]
      expect(Object.fromEntries(names.map((name) => [name, ourTypes.get(name)]))).toEqual(
        Object.fromEntries(names.map((name) => [name, theirs.types.get(name)])),
      )
    })

    test('has the same values: counters at least what they were before, what does not change exactly the same', () => {
      const counters = wanted().filter(({ name }) => theirs.types.get(name) === 'counter')
      expect(counters.filter(({ key, value }) => (ours.get(key) ?? NaN) < value - 1e-6 * value)).toEqual([])
      const fixed = wanted().filter(({ name }) => /_(info|MemTotal_bytes|size_bytes|mtu_bytes|boot_time_seconds|readonly)$/.test(name))
      expect(fixed.map(({ key }) => [key, ours.get(key)])).toEqual(fixed.map(({ key, value }) => [key, value]))
    })
  })
})

const newest = (service: AllInOne, name: string): Promise<readonly PageSeries[]> => {
  const to = Date.now()
  return service.range({ name, match: 'job="node"', fn: 'raw', from: to - 60_000, to })
}

/** Labels that a scrape adds. */
const withoutTarget = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).filter(([label]) => !['__name__', 'job', 'instance', 'cluster'].includes(label))
