import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError, type TargetGroup } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { describeDiscovererContract } from '../contract.ts'
import { eventually } from '../testing/eventually.ts'
import { parseFileConfig } from './config.ts'
import { createFileDiscoverer } from './discoverer.ts'

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'clymene-file-sd-'))

describeDiscovererContract('file', async () => {
  const folder = await newFolder()
  const metrics = createMetrics()
  const base = join(folder, 'a.json')
  const put = async (path: string, text: string): Promise<void> => {
    await writeFile(`${path}.tmp`, text)
    await rename(`${path}.tmp`, path)
  }
  const good = '[{"targets":["a:1"]},{"targets":["b:2"]}]'
  await put(base, good)
  return {
    create: () => createFileDiscoverer({ files: [`${folder}/*.json`], refreshMs: 20 }, { logger: silentLogger, metrics }),
    stop: () => rm(folder, { recursive: true }),
    world: {
      add: async () => {
        await put(join(folder, 'more.json'), '[{"targets":["c:3"]}]')
        return 'c:3'
      },
      remove: () => rm(join(folder, 'more.json'), { force: true }),
      fail: () => put(base, '[{'),
      recover: () => put(base, good),
      failures: async () => {
        const read = await metrics.registry.getSingleMetric('clymene_agent_sd_file_read_errors_total')?.get()
        return read?.values[0]?.value ?? 0
      },
    },
  }
})

describe('createFileDiscoverer', () => {
  let folder = ''
  let stop = new AbortController()
  let running = Promise.resolve()
  beforeEach(async () => {
    folder = await newFolder()
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await running
    await rm(folder, { recursive: true })
  })

  const metrics = createMetrics()
  const write = async (name: string, text: string): Promise<void> => {
    // As editors and config maps do: readers never see half a file.
    await writeFile(join(folder, `.${name}.tmp`), text)
    await rename(join(folder, `.${name}.tmp`), join(folder, name))
  }
  /** Starts it; the addresses it knows now, by name of file and group. */
  const follow = (files: readonly string[], refreshMs = 20): (() => Readonly<Record<string, string>>) => {
    const groups = new Map<string, TargetGroup>()
    const config = { files: files.map((file) => join(folder, file)), refreshMs }
    running = createFileDiscoverer(config, { logger: silentLogger, metrics }).run((changed) => {
      for (const group of changed) groups.set(group.source, group)
    }, stop.signal)
    return () =>
      Object.fromEntries(
        [...groups].map(([source, { targets }]) => [
          source.slice(folder.length + 1),
          targets.map((target) => target.get('__address__')).join(' '),
        ]),
      )
  }
  const errors = async (): Promise<number> => {
    const metric = await metrics.registry.getSingleMetric('clymene_agent_sd_file_read_errors_total')?.get()
    return metric?.values[0]?.value ?? 0
  }

  test('JSON and YAML, each group with the path it came from', async () => {
    await write('a.json', '[{"targets":["a:1"],"labels":{"job":"x"}}]')
    await write('b.yml', '- targets: [b:1, c:1]\n- targets: [d:1]\n')
    const found: TargetGroup[] = []
    running = createFileDiscoverer(parseFileConfig({ files: ['*.json', 'b.yml'] }, 'w', { directory: folder }), {
      logger: silentLogger,
      metrics,
    }).run((groups) => void found.push(...groups), stop.signal)
    await eventually(() => expect(found).toHaveLength(3))
    expect(found[0]).toEqual({
      source: `${folder}/a.json:0`,
      targets: [new Map([['__address__', 'a:1']])],
      labels: new Map([
        ['job', 'x'],
        ['__meta_filepath', `${folder}/a.json`],
      ]),
    })
    expect(found.map(({ source }) => source.slice(folder.length + 1))).toEqual(['a.json:0', 'b.yml:0', 'b.yml:1'])
  })

  test('follows changes, new and removed files and groups', async () => {
    await write('a.json', '[{"targets":["a:1"]},{"targets":["b:1"]}]')
    const known = follow(['*.json'])
    await eventually(() => expect(known()).toEqual({ 'a.json:0': 'a:1', 'a.json:1': 'b:1' }))
    await write('a.json', '[{"targets":["a:2"]}]')
    await write('b.json', '[{"targets":["c:1"]}]')
    await eventually(() => expect(known()).toEqual({ 'a.json:0': 'a:2', 'a.json:1': '', 'b.json:0': 'c:1' }))
    await rm(join(folder, 'b.json'))
    await eventually(() => expect(known()).toMatchObject({ 'b.json:0': '' }))
  })

  test('a change is seen by watching, long before the refresh', async () => {
    await write('a.json', '[]')
    const known = follow(['a.json'], 3_600_000)
    // The first reading is over when a change after it is seen; until then each attempt may come too early.
    await vi.waitFor(
      async () => {
        await write('a.json', '[{"targets":["a:1"]}]')
        expect(known()).toEqual({ 'a.json:0': 'a:1' })
      },
      { timeout: 20_000, interval: 300 },
    )
  })

  test.each([
    ['half.json', '[{"targets":'],
    ['wrong.json', '{"targets":["a:1"]}'],
    ['bad.yml', '- targets: [a:1\n  labels'],
  ])('%s keeps its last good groups, and is counted', async (name, text) => {
    await write(name, '[{"targets":["a:1"]}]')
    const known = follow([name])
    await eventually(() => expect(known()).toEqual({ [`${name}:0`]: 'a:1' }))
    const before = await errors()
    await write(name, text)
    await eventually(async () => expect(await errors()).toBeGreaterThan(before))
    expect(known()).toEqual({ [`${name}:0`]: 'a:1' })
    await write(name, '[{"targets":["a:2"]}]')
    await eventually(() => expect(known()).toEqual({ [`${name}:0`]: 'a:2' }))
  })

  test('no files are no groups: that is said once', async () => {
    const updates: number[] = []
    const config = { files: [join(folder, '*.json')], refreshMs: 5 }
    running = createFileDiscoverer(config, { logger: silentLogger, metrics }).run((groups) => updates.push(groups.length), stop.signal)
    await eventually(() => expect(updates).toEqual([0]))
    await write('a.json', '[{"targets":["a:1"]}]')
    await eventually(() => expect(updates).toEqual([0, 1]))
  })

  test('a folder that comes later is found', async () => {
    const known = follow(['later/*.json'])
    await mkdir(join(folder, 'later'))
    await writeFile(join(folder, 'later/a.json'), '[{"targets":["a:1"]}]')
    await eventually(() => expect(known()).toEqual({ 'later/a.json:0': 'a:1' }))
  })

  test('the star matches names only where it stands', async () => {
    for (const name of ['ab.json', 'aXb.json', 'aXc.json', 'bab.json', 'a.json']) await write(name, '[{"targets":["x:1"]}]')
    const known = follow(['a*b.json'])
    await eventually(() => expect(Object.keys(known()).toSorted()).toEqual(['aXb.json:0', 'ab.json:0']))
  })
})

describe('parseFileConfig', () => {
  test('defaults and relative paths', () => {
    expect(parseFileConfig({ files: ['a/*.YML', '/b.json'] }, 'w', { directory: '/etc/clymene' })).toEqual({
      files: ['/etc/clymene/a/*.YML', '/b.json'],
      refreshMs: 300_000,
    })
    expect(parseFileConfig({ files: ['a.json'], refresh_interval: '1m30s' }, 'w').refreshMs).toBe(90_000)
  })

  const path = 'expected a path that ends with .json, .yml or .yaml and has a * in its last part only'
  test.each([
    [null, ['w: expected a mapping, found null', 'w.files: expected a list of at least one path, found undefined']],
    [{ files: 'a.json' }, ['w.files: expected a list of at least one path, found "a.json"']],
    [
      { files: ['a.txt', '*/a.json', 1] },
      [`w.files[0]: ${path}, found "a.txt"`, `w.files[1]: ${path}, found "*/a.json"`, `w.files[2]: ${path}, found 1`],
    ],
    [{ files: ['a.json'], refresh_interval: 'soon' }, ['w.refresh_interval: expected a duration such as 30s or 1m30s, found "soon"']],
    [{ files: ['a.json'], refresh_interval: 0 }, ['w.refresh_interval: expected more than 0, found 0']],
    [{ files: ['a.json'], refresh: '1m' }, ['w.refresh: unknown key (known: files, refresh_interval)']],
  ] as const)('%j is refused', (value, mistakes) => {
    let found: readonly string[] = []
    try {
      parseFileConfig(value, 'w')
    } catch (error) {
      found = error instanceof ConfigError ? error.mistakes : []
    }
    expect(found).toEqual(mistakes)
  })
})
