import { copyFileSync, existsSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { findMeant } from './left-offsets.ts'
import type { Candidate } from './rotated-files.ts'
import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

const POLL = { timeout: 10_000, interval: 5 }
/** Bytes of `lines(1, 3)`. */
const READ = 'line 1\nline 2\nline 3\n'.length

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

const lines = (first: number, last: number): string =>
  Array.from({ length: last - first + 1 }, (_, index) => `line ${first + index}\n`).join('')
const numbers = (first: number, last: number): readonly string[] => lines(first, last).trimEnd().split('\n')
/** File systems note times by a coarse clock. */
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))
const write = (name: string, text: string): void => folder.append(name, text)
const rename = (from: string, to: string): void => renameSync(folder.path(from), folder.path(to))
/** As gzip does: with the time of the file that it removes. */
function compress(from: string, to: string): void {
  const { mtime } = statSync(folder.path(from))
  writeFileSync(folder.path(to), gzipSync(lines(1, 5)))
  utimesSync(folder.path(to), mtime, mtime)
  rmSync(folder.path(from))
}

/** What Promtail leaves, which had read three lines, and what comes after it. */
async function leave(after: () => void | Promise<void>): Promise<void> {
  write('a.log', lines(1, 3))
  await tick()
  writeFileSync(folder.path('positions.yaml'), `positions:\n  ${folder.path('a.log')}: "${READ}"\n`)
  await tick()
  await after()
}

function start(jobs: readonly string[] = ['test'], options: Parameters<typeof startSource>[2] = {}) {
  const told: Readonly<Record<string, unknown>>[] = []
  const logger: Logger = { ...silentLogger, warn: (message, fields) => void told.push({ message, ...fields }), child: () => logger }
  const running = startSource(
    folder,
    jobs.map((name) => jobOf(name, { __path__: folder.path('*.log') })),
    { logger, ...options },
  )
  source = running
  return { running, told }
}

describe("Promtail's position of a path", () => {
  const went: readonly { name: string; after: () => void | Promise<void>; lines: readonly string[]; file?: string }[] = [
    { name: 'the file is as it was', after: () => undefined, lines: [] },
    { name: 'the file has grown', after: () => write('a.log', lines(4, 5)), lines: numbers(4, 5) },
    {
      name: 'rotated: the rest of the one that was, then the new one, which is longer, whole',
      after: () => {
        write('a.log', lines(4, 5))
        rename('a.log', 'a.log.1')
        write('a.log', lines(6, 20))
      },
      lines: numbers(4, 20),
      file: 'a.log.1',
    },
    {
      name: 'rotated with all of it read',
      after: () => {
        rename('a.log', 'a.log.1')
        write('a.log', lines(4, 20))
      },
      lines: numbers(4, 20),
      file: 'a.log.1',
    },
    {
      name: 'rotated twice, by dates',
      after: async () => {
        write('a.log', lines(4, 5))
        rename('a.log', 'a.log-20240101')
        write('a.log', lines(6, 9))
        await tick()
        rename('a.log', 'a.log-20240102')
        write('a.log', lines(10, 20))
      },
      lines: numbers(4, 20),
      file: 'a.log-20240101',
    },
    {
      name: 'rotated and compressed',
      after: () => {
        write('a.log', lines(4, 5))
        compress('a.log', 'a.log.1.gz')
        write('a.log', lines(6, 20))
      },
      lines: numbers(4, 20),
      file: 'a.log.1.gz',
    },
    {
      name: 'copied and cut, and longer than before again',
      after: () => {
        write('a.log', lines(4, 5))
        copyFileSync(folder.path('a.log'), folder.path('a.log.1'))
        truncateSync(folder.path('a.log'))
        write('a.log', lines(6, 20))
      },
      lines: numbers(4, 20),
      file: 'a.log.1',
    },
    {
      name: 'a backup of it was made',
      after: () => {
        copyFileSync(folder.path('a.log'), folder.path('a.log.bak'))
        write('a.log', lines(4, 5))
      },
      lines: numbers(4, 5),
    },
  ]

  test.each(went)('$name', async ({ after, lines: expected, file }) => {
    await leave(after)
    const { running, told } = start()
    await expect.poll(running.texts, POLL).toEqual(expected)
    await vi.waitFor(async () => expect(await running.metric('files_active')).toBeGreaterThan(0), POLL)
    expect(told).toEqual(
      file === undefined
        ? []
        : [
            expect.objectContaining({
              message: "the file was rotated after Promtail's position was written, which is taken for the rotated one",
              path: folder.path('a.log'),
              file: folder.path(file),
              offset: READ,
            }),
          ],
    )
    await running.stop()
    expect(running.texts()).toEqual(expected)
    expect(await running.metric('lost_bytes_total')).toBe(0)
    write('a.log', 'later\n')
    await expect.poll(start().running.texts, POLL).toEqual(['later'])
  })

  test('rotated files from before it were read', async () => {
    write('a.log.2', 'old\n')
    write('a.log.1', lines(-9, 0))
    await leave(() => {
      rename('a.log.2', 'a.log.3')
      rename('a.log.1', 'a.log.2')
      rename('a.log', 'a.log.1')
      write('a.log', lines(4, 20))
    })
    const { running } = start()
    await expect.poll(running.texts, POLL).toEqual(numbers(4, 20))
    await running.stop()
    expect(running.texts()).toEqual(numbers(4, 20))
  })

  test('no file is the one that was: the new one is read whole, and it is told, also with --logs.from=end', async () => {
    await leave(() => {
      rmSync(folder.path('a.log'))
      write('a.log', lines(6, 20))
    })
    const { running, told } = start(['test'], { from: 'end' })
    await expect.poll(running.texts, POLL).toEqual(numbers(6, 20))
    expect(told).toEqual([
      expect.objectContaining({
        message: "no file is the one that Promtail's position was in, lines before its rotation may be lost",
        path: folder.path('a.log'),
      }),
    ])
  })

  test('is for every job that has the path', async () => {
    await leave(() => write('a.log', lines(4, 5)))
    const { running } = start(['one', 'two'])
    await expect.poll(running.texts, POLL).toHaveLength(4)
    await running.stop()
    expect(running.texts().toSorted()).toEqual(['line 4', 'line 4', 'line 5', 'line 5'])
  })

  test('keeps its time until the file is found, over restarts', async () => {
    await leave(() => rename('a.log', 'a.log.1'))
    const first = start().running
    await vi.waitFor(() => expect(existsSync(folder.path('positions.yaml.bak'))).toBe(true), POLL)
    await first.stop()
    write('a.log', lines(4, 20))
    const { running, told } = start()
    await expect.poll(running.texts, POLL).toEqual(numbers(4, 20))
    expect(told).toHaveLength(1)
  })
})

describe('which file was meant where no times of birth are kept', () => {
  /** Times in seconds around that of the position, which is 0. */
  const file = (name: string, length: number, times: { readonly modified: number; readonly changed: number }): Candidate => ({
    file: {
      path: `/${name}`,
      device: '1',
      inode: name,
      size: length,
      modifiedNs: BigInt(100 + times.modified) * 1_000_000_000n,
      changedNs: BigInt(100 + times.changed) * 1_000_000_000n,
      bornNs: undefined,
      archived: name.endsWith('.gz'),
    },
    content: { head: Buffer.from(name), end: Buffer.from(name), length },
  })
  const left = { offset: 50, writtenNs: 100_000_000_000n }
  const quiet = { modified: -5, changed: -5 }
  const written = { modified: 5, changed: 5 }
  const renamed = { modified: -5, changed: 5 }

  test.each<[name: string, siblings: readonly Candidate[], current: Candidate | undefined, meant: string | undefined]>([
    ['none beside it', [], file('a', 60, written), 'a'],
    ['none was renamed since', [file('a.2', 90, quiet), file('a.1', 90, quiet)], file('a', 60, written), 'a'],
    ['nothing was written since', [file('a.1', 90, quiet)], file('a', 50, quiet), 'a'],
    ['one was written and renamed since', [file('a.2', 90, renamed), file('a.1', 60, written)], file('a', 60, written), 'a.1'],
    ['one was renamed since, with all of it read', [file('a.2', 90, renamed), file('a.1', 50, renamed)], file('a', 60, written), 'a.1'],
    ['two were written since', [file('a.2', 60, written), file('a.1', 60, written)], file('a', 60, written), 'a.2'],
    ['it is too short', [file('a.1', 90, quiet)], file('a', 40, written), 'a.1'],
    ['compressed since', [file('a.2.gz', 90, quiet), file('a.1.gz', 60, written)], file('a', 40, written), 'a.1.gz'],
    ['it is gone', [file('a.1', 60, renamed)], undefined, 'a.1'],
    ['all are too short', [file('a.1', 40, renamed)], file('a', 40, written), undefined],
    ['nothing is there', [], undefined, undefined],
  ])('%s', (_name, siblings, current, meant) => {
    expect(findMeant(siblings, current, left)?.file.inode).toBe(meant)
  })
})
