import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

import type { Logger } from '@clymene/model'
import { parseRelabelConfigs } from '@clymene/relabel'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
let source: RunningSource | undefined
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(async () => {
  await source?.stop()
  source = undefined
  folder.remove()
})

const POLL = { timeout: 10_000, interval: 5 }
const start = (options: Parameters<typeof startSource>[2] = {}, job = jobOf('test', { __path__: folder.path('*.log') })): RunningSource => {
  source = startSource(folder, [job], options)
  return source
}
const sorted = (running: RunningSource) => (): readonly string[] => running.texts().toSorted()

describe('where reading begins', () => {
  test('at the end: files that were there before are read from their last line on, later ones from their start', async () => {
    folder.append('old.log', 'one\ntwo\nthr')
    folder.append('whole.log', 'one\n')
    await new Promise((resolve) => setTimeout(resolve, 15))
    const running = start({ from: 'end' })
    await vi.waitFor(async () => expect(await running.metric('files_active')).toBe(2), POLL)
    folder.append('new.log', 'first\n')
    folder.append('old.log', 'ee\n')
    folder.append('whole.log', 'more\n')
    await expect.poll(sorted(running), POLL).toEqual(['first', 'more', 'three'])
    await running.stop()
    folder.append('old.log', 'while away\n')
    folder.append('later.log', 'new while away\n')
    await expect.poll(sorted(start({ from: 'end' })), POLL).toEqual(['new while away', 'while away'])
  })

  test('at the beginning: all of them', async () => {
    folder.append('old.log', 'one\ntwo\n')
    await new Promise((resolve) => setTimeout(resolve, 15))
    await expect.poll(start({ from: 'beginning' }).texts, POLL).toEqual(['one', 'two'])
  })
})

test('a clock that is put back by an hour holds nothing back: files are read, new ones found, batches sent', async () => {
  let aheadMs = 3_600_000
  folder.append('a.log', 'one\n')
  const running = start({ now: () => Date.now() + aheadMs, refreshMs: 100, batchWaitMs: 50, pollMs: 50 })
  await expect.poll(running.texts, POLL).toEqual(['one'])
  folder.append('a.log', 'two\n')
  aheadMs = 0
  folder.append('a.log', 'three\n')
  folder.append('b.log', 'four\n')
  await expect.poll(sorted(running), POLL).toEqual(['four', 'one', 'three', 'two'])
})

test('a search ends with the folder in which it meets its limit of entries, which is counted each time and told once', async () => {
  for (const name of ['a', 'b']) {
    mkdirSync(folder.path(name))
    for (const file of ['1.log', '2.log', '3.log']) folder.append(`${name}/${file}`, `${name}\n`)
  }
  const told: unknown[] = []
  const logger: Logger = { ...silentLogger, error: (_message, fields) => void told.push(fields?.['limit']) }
  const running = start({ maxSearchEntries: 4, refreshMs: 5, logger }, jobOf('test', { __path__: folder.path('*/*.log') }))
  await vi.waitFor(async () => expect(await running.metric('cut_searches_total')).toBeGreaterThan(2), POLL)
  expect(told).toEqual([4])
  await expect.poll(running.texts, POLL).toHaveLength(3)
  expect(new Set(running.texts()).size).toBe(1)
})

describe('how fast', () => {
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`)

  test('a file is read on as soon as the batch on its way is acknowledged, not at the next look', async () => {
    folder.append('a.log', `${lines.join('\n')}\n`)
    await expect.poll(start({ batchBytes: 50, pollMs: 60_000 }).texts, POLL).toEqual(lines)
    expect(source?.batches.length).toBeGreaterThan(10)
  })

  test('lines beyond the rate wait in their file', async () => {
    let now = 1_000_000
    folder.append('a.log', `${lines.join('\n')}\n`)
    const running = start({ readlineRate: { linesPerSecond: 10, burst: 20, drop: false }, now: () => now })
    now += 5
    await vi.waitFor(
      () => {
        now += 1
        expect(running.sent.length).toBeGreaterThanOrEqual(20)
      },
      { interval: 5 },
    )
    expect(running.sent.length).toBeLessThan(50)
    await vi.waitFor(
      () => {
        now += 500
        expect(running.texts()).toEqual(lines)
      },
      { interval: 5, timeout: 10_000 },
    )
    expect(await running.metric('rate_dropped_lines_total')).toBe(0)
  })

  test('or are passed over and counted', async () => {
    folder.append('a.log', `${lines.join('\n')}\npart`)
    const running = start({ readlineRate: { linesPerSecond: 1e-9, burst: 20, drop: true } })
    await expect.poll(running.texts, POLL).toEqual(lines.slice(0, 20))
    await vi.waitFor(async () => expect(await running.metric('rate_dropped_lines_total')).toBe(30), POLL)
    await vi.waitFor(
      () => expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toContain(`"offset":${lines.join('\n').length + 1}`),
      POLL,
    )
  })
})

describe('more files than may be open', () => {
  test('quiet ones are closed, and opened again when they are written or rotated', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `${index}.log`)
    for (const name of names) folder.append(name, `${name} one\n`)
    const running = start({ maxOpenFiles: 4 })
    await vi.waitFor(() => expect(running.sent).toHaveLength(12), POLL)
    await vi.waitFor(async () => expect(await running.metric('descriptors_open')).toBeLessThanOrEqual(4), POLL)
    for (const name of names) folder.append(name, `${name} two\n`)
    await vi.waitFor(() => expect(running.sent).toHaveLength(24), POLL)
    for (const name of names) {
      folder.append(name, `${name} three\n`)
      renameSync(folder.path(name), folder.path(`${name}.1`))
      folder.append(name, `${name} four\n`)
    }
    await vi.waitFor(() => expect(running.sent).toHaveLength(48), POLL)
    for (const name of names) {
      const own = running.texts().filter((line) => line.startsWith(`${name} `))
      expect(own).toEqual(['one', 'two', 'three', 'four'].map((word) => `${name} ${word}`))
    }
  })
})

describe('what is told of it', () => {
  test('files with where they are, also those that were renamed', async () => {
    let now = 1000
    folder.append('a.log', 'one\ntwo')
    const running = start({ lingerMs: 1e9, now: () => now }, jobOf('test', { __path__: folder.path('*.log'), __secret__: 's', job: 'j' }))
    await expect
      .poll(running.texts, POLL)
      .toEqual(['one'])
      .catch(() => undefined)
    await vi.waitFor(() => {
      now += 10
      expect(running.files()[0]?.position).toBe(4)
    }, POLL)
    expect(running.files()).toEqual([
      {
        job: 'test',
        path: folder.path('a.log'),
        labels: [
          ['filename', folder.path('a.log')],
          ['job', 'j'],
        ],
        position: 4,
        size: 7,
        lagSeconds: expect.any(Number),
        inode: expect.stringMatching(/^\d+$/),
      },
    ])
    renameSync(folder.path('a.log'), folder.path('a.log.1'))
    folder.append('a.log', '')
    await vi.waitFor(() => {
      now += 10
      expect(running.files().map(({ rotated }) => rotated)).toEqual([true, undefined])
    }, POLL)
    await running.stop()
    expect(running.files()).toEqual([])
  })

  test('targets with what became of them', async () => {
    const job = {
      ...jobOf(
        'test',
        { __path__: '/x/*.log', __path_exclude__: '/x/a*, /x/{b,c}*', app: 'web', __meta_pod: 'p' },
        { app: 'gone', __path__: '/x' },
        { app: 'lost' },
        { app: 'far', __path__: '/x', __host__: 'h2' },
        { app: 'wrong', __path__: 'relative' },
      ),
      relabel: parseRelabelConfigs([{ source_labels: ['app'], regex: 'gone', action: 'drop' }], 'relabel'),
    }
    const running = start({ hostname: 'h1', externalLabels: [['cluster', 'c']] }, job)
    await vi.waitFor(() => expect(running.targets()).toHaveLength(5), POLL)
    expect(running.targets().map(({ glob, dropped, labels }) => [glob, dropped, labels.map((label) => label.join('='))])).toEqual([
      ['/x/*.log', undefined, ['app=web', 'cluster=c']],
      ['', 'relabelling dropped it', []],
      ['', 'it has no __path__', ['app=lost']],
      ['/x', 'its __host__ is h2, this one is h1', ['app=far']],
      ['relative', 'expected an absolute path, found "relative"', ['app=wrong']],
    ])
    expect(running.targets()[0]?.discoveredLabels).toContainEqual(['__meta_pod', 'p'])
  })

  test('several globs exclude', async () => {
    for (const name of ['a', 'b', 'c', 'd,e', 'f']) folder.append(`${name}.log`, `${name}\n`)
    const exclude = [folder.path('a*'), folder.path('{b,c}*'), folder.path('d,e*')].join(', ')
    const running = start({}, jobOf('test', { __path__: folder.path('*.log'), __path_exclude__: exclude }))
    await expect.poll(running.texts, POLL).toEqual(['f'])
  })
})

describe('positions', () => {
  test('those of a former file, while there are none of its own', async () => {
    folder.append('a.log', 'one\ntwo\n')
    writeFileSync(
      folder.path('former.yaml'),
      `positions:\n  ${folder.path('a.log')}: "4"\n  cursor-journal: "s=abc"\n  /not/there.log: "7"\n`,
    )
    const running = start({ formerPositionsPath: folder.path('former.yaml') })
    await expect.poll(running.texts, POLL).toEqual(['two'])
    await running.stop()
    // Entries of the journal and of files that are found later stay.
    expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toMatch(/"cursor-journal": "s=abc"\n {2}"\/not\/there.log": "7"\n/)
    writeFileSync(folder.path('former.yaml'), 'positions: {}\n')
    folder.append('a.log', 'three\n')
    await expect.poll(start({ formerPositionsPath: folder.path('former.yaml') }).texts, POLL).toEqual(['three'])
  })

  test('a file that cannot be read is told with its path, and tried again', async () => {
    const told: unknown[] = []
    const logger: Logger = { ...silentLogger, error: (message) => void told.push(message), child: () => logger }
    writeFileSync(folder.path('positions.yaml'), 'positions: {')
    folder.append('a.log', 'one\n')
    await expect.poll(start({ logger }).texts, POLL).toEqual(['one'])
    expect(told).toEqual(['positions file cannot be used, lines may be sent again'])
  })
})
