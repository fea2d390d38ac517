import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'

import type { Logger } from '@clymene/model'
import { parseRelabelConfigs } from '@clymene/relabel'
import { silentLogger } from '@clymene/runtime'
import { parseStages } from '@clymene/stages'
import { scanPushRequest } from '@clymene/wire'
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

const logJob = () => jobOf('test', { __path__: folder.path('*.log'), job: 'j' })
const start = (...args: [jobs?: Parameters<typeof startSource>[1], options?: Parameters<typeof startSource>[2]]): RunningSource => {
  source = startSource(folder, args[0] ?? [logJob()], args[1])
  return source
}
const restart = async (): Promise<RunningSource> => {
  await source?.stop()
  return start()
}
const POLL = { timeout: 10_000, interval: 5 }
/** Everything that is written has been read and acknowledged. */
const caughtUp = (running: RunningSource, lines: number): Promise<void> =>
  vi.waitFor(() => expect(running.sent).toHaveLength(lines), { timeout: 10_000, interval: 5 })

describe('reading', () => {
  test('lines of files that are there and lines that come', async () => {
    folder.append('a.log', 'one\ntwo\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
    folder.append('a.log', 'three\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three'])
    expect(running.sent[0]?.labels).toEqual({ job: 'j', filename: folder.path('a.log') })
  })

  test('a line waits for its end, in as many pieces as it comes', async () => {
    const running = start()
    for (const piece of ['he', 'l', 'lo\nwo', 'rld\n']) {
      folder.append('a.log', piece)
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    await expect.poll(running.texts, POLL).toEqual(['hello', 'world'])
  })

  test('a carriage return before the line feed goes, empty lines stay, invalid UTF-8 is replaced', async () => {
    writeFileSync(folder.path('a.log'), Buffer.from('a\r\n\nb\xff가\n\r\n', 'latin1'))
    writeFileSync(folder.path('a.log'), Buffer.concat([Buffer.from('a\r\n\nb'), Buffer.of(0xff), Buffer.from('가\n\r\n')]))
    await expect.poll(start().texts, POLL).toEqual(['a', '', 'b\ufffd가', ''])
  })

  test('equal lines have different times', async () => {
    folder.append('a.log', 'same\nsame\nsame\n')
    const running = start()
    await caughtUp(running, 3)
    expect(new Set(running.sent.map(({ timestampNs }) => timestampNs)).size).toBe(3)
  })

  test('a line that is too long is cut at a character, its rest passed over, counted and told once', async () => {
    const told: unknown[] = []
    const logger: Logger = { ...silentLogger, warn: (_message, fields) => void told.push(fields), child: () => logger }
    folder.append('a.log', `${'가'.repeat(20)}\nshort\n${'x'.repeat(50)}\nend\n`)
    const running = start(undefined, { maxLineBytes: 10, logger })
    await expect.poll(running.texts, POLL).toEqual(['가가가', 'short', 'x'.repeat(10), 'end'])
    expect(await running.metric('truncated_lines_total')).toBe(2)
    expect(told).toEqual([{ path: folder.path('a.log'), maxLineBytes: 10, heldBack: 0 }])
  })

  test('a line longer than any buffer is cut too', async () => {
    folder.append('a.log', `${'x'.repeat(2_000_000)}\nend\n`)
    await expect.poll(start(undefined, { maxLineBytes: 10 }).texts, POLL).toEqual(['x'.repeat(10), 'end'])
  })

  test('a file that comes later, in a folder that comes later', async () => {
    const running = start([jobOf('test', { __path__: folder.path('**/*.log') })])
    mkdirSync(folder.path('a/b'), { recursive: true })
    folder.append('a/b/c.log', 'deep\n')
    await expect.poll(running.texts, POLL).toEqual(['deep'])
  })

  test('a link to a file is read', async () => {
    folder.append('real.txt', 'x\n')
    symlinkSync(folder.path('real.txt'), folder.path('link.log'))
    await expect.poll(start().texts, POLL).toEqual(['x'])
  })
})

describe('targets', () => {
  test('relabelling, exclusion, external labels, and nothing that begins with __', async () => {
    folder.append('a.log', 'a\n')
    folder.append('b.log', 'b\n')
    const job = {
      ...jobOf(
        'test',
        { __meta_dir__: folder.path(''), kind: 'x', cluster: 'own' },
        { __path__: folder.path('b.log'), __path_exclude__: folder.path('[b]*') },
      ),
      relabel: parseRelabelConfigs(
        [{ source_labels: ['__meta_dir__'], regex: '(.+)', target_label: '__path__', replacement: '$1/*.log' }],
        'relabel',
      ),
    }
    const running = start([job], {
      externalLabels: [
        ['cluster', 'c1'],
        ['zone', 'z'],
      ],
    })
    await caughtUp(running, 2)
    expect(running.sent.map(({ line, labels }) => [line, labels])).toEqual(
      ['a', 'b'].map((name) => [name, { cluster: 'own', kind: 'x', zone: 'z', filename: folder.path(`${name}.log`) }]),
    )
  })

  test('targets of other hosts, dropped ones and those without a path are left alone', async () => {
    for (const name of ['mine', 'theirs', 'dropped']) folder.append(`${name}.log`, `${name}\n`)
    const targets = ['mine', 'theirs', 'dropped'].map((name) => ({
      __path__: folder.path(`${name}.log`),
      __host__: name === 'theirs' ? 'h2' : 'h1',
      name,
    }))
    const job = {
      ...jobOf('test', ...targets, { name: 'no path' }),
      relabel: parseRelabelConfigs([{ source_labels: ['name'], regex: 'dropped', action: 'drop' }], 'relabel'),
    }
    const running = start([job], { hostname: 'h1' })
    await expect.poll(running.texts, POLL).toEqual(['mine'])
    folder.append('mine.log', 'more\n')
    await expect.poll(running.texts, POLL).toEqual(['mine', 'more'])
  })

  test('tenants travel in batches of their own', async () => {
    folder.append('a.log', 'a\n')
    folder.append('b.log', 'b\n')
    const running = start([jobOf('test', { __path__: folder.path('a.log'), __tenant_id__: 't1' }, { __path__: folder.path('b.log') })])
    await caughtUp(running, 2)
    expect(Object.fromEntries(running.sent.map(({ line, tenant }) => [line, tenant]))).toEqual({ a: 't1', b: '' })
  })

  test('two jobs read one file each for itself', async () => {
    folder.append('a.log', 'x\n')
    const running = start([
      jobOf('one', { __path__: folder.path('a.log'), job: 'one' }),
      jobOf('two', { __path__: folder.path('*.log'), job: 'two' }),
    ])
    await caughtUp(running, 2)
    expect(new Set(running.sent.map(({ labels }) => labels['job']))).toEqual(new Set(['one', 'two']))
    await running.stop()
    folder.append('a.log', 'y\n')
    const again = start([
      jobOf('one', { __path__: folder.path('a.log'), job: 'one' }),
      jobOf('two', { __path__: folder.path('*.log'), job: 'two' }),
    ])
    await expect.poll(again.texts, POLL).toEqual(['y', 'y'])
  })

  test('files are divided over the streams by their path', async () => {
    for (let file = 0; file < 20; file++) folder.append(`${file}.log`, `${file}\n`)
    const running = start(undefined, { streams: 4 })
    await caughtUp(running, 20)
    expect(new Set(running.batches.map(({ stream }) => stream))).toEqual(new Set(['0', '1', '2', '3']))
  })

  test('more files than allowed are left out and counted', async () => {
    for (let file = 0; file < 3; file++) folder.append(`${file}.log`, `${file}\n`)
    const running = start(undefined, { maxFiles: 2 })
    await expect.poll(running.texts, POLL).toEqual(['0', '1'])
    expect(await running.metric('errors_total')).toBe(1)
    expect(await running.metric('files_active')).toBe(2)
  })
})

describe('stages', () => {
  const T = '2024-01-01T00:00:00.000000001Z'
  const criJob = () => ({ ...logJob(), pipeline: parseStages([{ cri: {} }], 'stages') })

  test('cri', async () => {
    folder.append('a.log', `${T} stdout F one\n${T} stderr F two\nno cri\n`)
    const running = start([criJob()])
    await caughtUp(running, 3)
    expect(
      Object.fromEntries(
        running.sent.map(({ line, labels, timestampNs }) => [line, [labels['stream'], timestampNs === 1_704_067_200_000_000_001n]]),
      ),
    ).toEqual({
      one: ['stdout', true],
      two: ['stderr', true],
      'no cri': [undefined, false],
    })
  })

  test('a held part is sent once with its end, over a stop and over a kill', async () => {
    folder.append('a.log', `${T} stdout F first\n${T} stdout P he\n${T} stderr F between\n`)
    const one = start([criJob()])
    await vi.waitFor(() => expect(one.texts()).toEqual(['first', 'between']), POLL)
    await vi.waitFor(() => expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toMatch(/"offset":(?!0)/), POLL)
    // A restart reads from the held line, not from the start.
    await vi.waitFor(() =>
      expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toContain(`"replayFrom":${`${T} stdout F first\n`.length},`),
    )
    await one.kill()
    const two = start([criJob()])
    await vi.waitFor(async () => expect(await two.metric('read_lines_total')).toBeGreaterThan(0))
    await two.stop()
    folder.append('a.log', `${T} stdout F llo\n`)
    const three = start([criJob()])
    await vi.waitFor(() => expect(three.texts()).toContain('hello'))
    expect([...two.texts(), ...three.texts()].filter((line) => line === 'hello')).toHaveLength(1)
    expect([...two.texts(), ...three.texts()]).not.toContain('between')
  })

  test('a part and its end in the files before and after a rotation are one line', async () => {
    folder.append('a.log', `${T} stdout P he\n`)
    const running = start([criJob()])
    await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(1))
    renameSync(folder.path('a.log'), folder.path('a.log.1'))
    folder.append('a.log', `${T} stdout F llo\n`)
    await expect.poll(running.texts, POLL).toEqual(['hello'])
  })
})

describe('rotation', () => {
  test('by rename: the old file is read to its end, then the new one', async () => {
    folder.append('a.log', 'one\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('a.log', 'two\nthree')
    renameSync(folder.path('a.log'), folder.path('a.log.1'))
    folder.append('a.log.1', ' and a half\n')
    folder.append('a.log', 'four\n')
    running.blocked = false
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three and a half', 'four'])
    expect(await running.metric('rotations_total')).toBe(1)
    expect(running.sent.every(({ labels }) => labels['filename'] === folder.path('a.log'))).toBe(true)
  })

  test('lines that come to the old file after the new one was begun', async () => {
    folder.append('a.log', 'one\n')
    const running = start(undefined, { lingerMs: 30_000 })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    renameSync(folder.path('a.log'), folder.path('a.log.1'))
    folder.append('a.log', 'two\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
    folder.append('a.log.1', 'late\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'late'])
  })

  test('a renamed file that the glob matches too is not read again, neither after a restart', async () => {
    const job = () => [jobOf('test', { __path__: folder.path('a.log*') })]
    folder.append('a.log', 'one\n')
    const running = start(job())
    await expect.poll(running.texts, POLL).toEqual(['one'])
    renameSync(folder.path('a.log'), folder.path('a.log.1'))
    folder.append('a.log', 'two\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
    // Until the old file is let go, and some searches more.
    await vi.waitFor(async () => expect(await running.metric('files_active')).toBe(2), { timeout: 5000 })
    await new Promise((resolve) => setTimeout(resolve, 150))
    folder.append('a.log', 'three\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three'])
    await running.stop()
    const again = start(job())
    folder.append('a.log', 'four\n')
    await expect.poll(again.texts, POLL).toEqual(['four'])
  })

  test('while it was not running: the rest of the old file first, then the files between, then the new one', async () => {
    folder.append('a.log', 'one\n')
    await expect.poll(start().texts, POLL).toEqual(['one'])
    await source?.stop()
    folder.append('a.log', 'two\n')
    renameSync(folder.path('a.log'), folder.path('a.log.2'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    folder.append('a.log.1', 'three\n')
    folder.append('a.log', 'four\n')
    folder.append('a.log.3.gz', 'not text\n')
    await expect.poll(start().texts, POLL).toEqual(['two', 'three', 'four'])
  })

  test.each([{ rotatedAfter: false }, { rotatedAfter: true }])(
    'killed with several files not read to their end: all of them, in their order (rotated once more: $rotatedAfter)',
    async ({ rotatedAfter }) => {
      const rotate = async (to: string): Promise<void> => {
        // Files are told apart by their time of writing.
        await new Promise((resolve) => setTimeout(resolve, 12))
        renameSync(folder.path('a.log'), folder.path(to))
      }
      folder.append('a.log', 'one\n')
      const running = start()
      await expect.poll(running.texts, POLL).toEqual(['one'])
      running.blocked = true
      folder.append('a.log', 'two\n')
      for (const [number, text] of ['three\n', 'four\n'].entries()) {
        await rotate(`a.log.${9 - number}`)
        folder.append('a.log', text)
        await vi.waitFor(async () => expect(await running.metric('files_active')).toBe(number + 2), POLL)
      }
      await vi.waitFor(() => expect(readFileSync(folder.path('positions.yaml'), 'utf8').match(/"inode"/g)).toHaveLength(3), POLL)
      await running.kill()
      if (rotatedAfter) {
        await rotate('a.log.1')
        folder.append('a.log', 'five\n')
      }
      await expect.poll(start().texts, POLL).toEqual(['two', 'three', 'four', ...(rotatedAfter ? ['five'] : [])])
    },
  )

  test('copytruncate: reading begins at the start again', async () => {
    folder.append('a.log', 'one\ntwo\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
    truncateSync(folder.path('a.log'))
    folder.append('a.log', 'x\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'x'])
    expect(await running.metric('truncations_total')).toBe(1)
  })

  test('a file that was cut and has grown beyond where it was read is told by its beginning', async () => {
    let now = 1_000_000
    folder.append('a.log', 'one\n')
    const running = start(undefined, { now: () => now++ })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    await vi.waitFor(() => expect(now).toBeGreaterThan(1_000_000))
    now += 2000
    writeFileSync(folder.path('a.log'), 'new first\nnew second\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'new first', 'new second'])
  })

  test('cut while it was not running', async () => {
    folder.append('a.log', 'one\ntwo\n')
    await expect.poll(start().texts, POLL).toEqual(['one', 'two'])
    await source?.stop()
    writeFileSync(folder.path('a.log'), 'a new beginning, longer than before\n')
    await expect.poll(start().texts, POLL).toEqual(['a new beginning, longer than before'])
  })

  test('a deleted file is read to its end, its last line without line feed too, and let go', async () => {
    folder.append('a.log', 'one\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one'])
    folder.append('a.log', 'two\nlast')
    rmSync(folder.path('a.log'))
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'last'])
    await vi.waitFor(async () => expect(await running.metric('files_active')).toBe(0), { timeout: 10_000 })
    folder.append('a.log', 'again\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'last', 'again'])
  })
})

describe('positions', () => {
  test('a restart goes on where it stopped', async () => {
    folder.append('a.log', 'one\ntwo\nthr')
    await expect.poll(start().texts, POLL).toEqual(['one', 'two'])
    const again = await restart()
    folder.append('a.log', 'ee\n')
    await expect.poll(again.texts, POLL).toEqual(['three'])
  })

  test('what was not acknowledged when it was killed comes again', async () => {
    folder.append('a.log', 'one\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one'])
    await vi.waitFor(() => expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toContain('"offset":4'), POLL)
    running.blocked = true
    folder.append('a.log', 'two\n')
    await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(2))
    await running.kill()
    await expect.poll(start().texts, POLL).toEqual(['two'])
  })

  test('the last file and its .bak: a broken one is passed over', async () => {
    folder.append('a.log', 'one\n')
    await expect.poll(start().texts, POLL).toEqual(['one'])
    await source?.stop()
    const good = readFileSync(folder.path('positions.yaml'))
    writeFileSync(folder.path('positions.yaml.bak'), good)
    writeFileSync(folder.path('positions.yaml'), 'positions: {')
    folder.append('a.log', 'two\n')
    await expect.poll(start().texts, POLL).toEqual(['two'])
    await source?.stop()
    writeFileSync(folder.path('positions.yaml'), 'positions: {')
    writeFileSync(folder.path('positions.yaml.bak'), '[]')
    await expect.poll(start().texts, POLL).toEqual(['one', 'two'])
  })

  test('the positions of a Promtail that ran here before', async () => {
    folder.append('a.log', 'one\ntwo\n')
    folder.append('b.log', 'x\n')
    writeFileSync(
      folder.path('positions.yaml'),
      `positions:\n  ${folder.path('a.log')}: "4"\n  ${folder.path('b.log')}: "999"\n  cursor-journal: "s=abc"\n`,
    )
    const running = start()
    await vi.waitFor(() => expect(new Set(running.texts())).toEqual(new Set(['two', 'x'])))
  })

  test('a positions file that cannot be written does not stop the reading', async () => {
    folder.append('a.log', 'one\n')
    const running = start(undefined, { positionsPath: folder.path('a.log/positions.yaml') })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    await vi.waitFor(async () => expect(await running.metric('positions_errors_total')).toBeGreaterThan(0), POLL)
    expect(running.positionsTrouble()).toMatch(/a\.log\/positions\.yaml cannot be written: ENOTDIR/)
  })
})

describe('delivery', () => {
  test('while emit waits one batch is collected and no more is read', async () => {
    folder.append('a.log', 'x'.repeat(99).concat('\n').repeat(1000))
    const running = start(undefined, { batchBytes: 5000 })
    running.blocked = true
    await vi.waitFor(async () => expect(await running.metric('read_bytes_total')).toBeGreaterThan(5000))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await running.metric('read_bytes_total')).toBeLessThan(3 * 5000)
    running.blocked = false
    await caughtUp(running, 1000)
    expect(Math.max(...running.batches.map(({ body }) => body.length))).toBeLessThan(5000 + 500)
    for (const { body, records } of running.batches) expect(scanPushRequest(body).entries).toBe(records)
  })

  test('how long the oldest unread line waits is told', async () => {
    folder.append('a.log', 'one\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('a.log', 'two\n')
    await vi.waitFor(async () => expect(await running.metric('oldest_unread_seconds')).toBeGreaterThan(0.2), { timeout: 10_000 })
    running.blocked = false
    await vi.waitFor(async () => expect(await running.metric('oldest_unread_seconds')).toBeLessThan(0.2), { timeout: 10_000 })
  })

  test('an emit that fails ends the source with its error, and no position moves', async () => {
    folder.append('a.log', 'one\n')
    const running = startSource(folder, [logJob()])
    running.failure = new Error('no room')
    await expect(running.run).rejects.toThrow('no room')
    await expect.poll(start().texts, POLL).toEqual(['one'])
  })

  test('a stop hands over what was read, and gives up an emit that never answers', async () => {
    folder.append('a.log', 'one\n')
    const running = start(undefined, { batchWaitMs: 60_000 })
    await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(1))
    await running.stop()
    expect(running.texts()).toEqual(['one'])

    folder.append('a.log', 'two\n')
    const stuck = startSource(folder, [logJob()], { stopWaitMs: 50 })
    stuck.blocked = true
    await vi.waitFor(async () => expect(await stuck.metric('read_lines_total')).toBe(1))
    await stuck.stop({ stayBlocked: true })
    expect(stuck.texts()).toEqual([])
    await expect.poll(start().texts, POLL).toEqual(['two'])
  })
})
