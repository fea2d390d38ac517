import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { parseJournalEntry } from './journal-entry.ts'
import { JournalEndedError, readJournal, type ReadJournalOptions } from './read-journal.ts'
import { createJournalFolder, type JournalFolder } from './run-journal.test-kit.ts'
import { scriptedEntry } from './scripted-journalctl.test-kit.ts'

const BAD = Buffer.concat([Buffer.from('bad '), Buffer.from([1, 255]), Buffer.from(' bytes')])

/** What systemd-journal-remote 252 wrote into test-data, as journalctl shows it: an entry a second, of two units in turn. */
const ENTRIES = Array.from({ length: 8 }, (_, index) => {
  const number = index + 1
  const messages: Readonly<Record<number, unknown>> = { 5: 'two\nlines', 6: [...BAD], 7: 'x'.repeat(5000) }
  return scriptedEntry(number, {
    MESSAGE: messages[number] ?? `line ${number}`,
    PRIORITY: String(number % 8),
    _SYSTEMD_UNIT: number % 2 === 1 ? 'a.service' : 'b.service',
    ...(number === 8 ? { TAG: ['one', 'two'] } : {}),
  })
})
const READ = ['line 1', 'line 2', 'line 3', 'line 4', 'two\nlines', 'bad \u0001\uFFFD bytes', 'x'.repeat(5000), 'line 8']

/** The scripted one, and the real one where the machine has it. */
const PROGRAMS = ['scripted', ...(spawnSync('journalctl', ['--version']).status === 0 ? ['journalctl'] : [])]

describe.each(PROGRAMS)('%s', (which) => {
  let folder: JournalFolder
  let program = ''
  let path = ''
  beforeAll(() => {
    folder = createJournalFolder()
    folder.journal.append(...ENTRIES)
    program = which === 'scripted' ? folder.program : which
    path = which === 'scripted' ? folder.path : folder.file('real')
    mkdirSync(folder.file('real'))
    writeFileSync(
      join(folder.file('real'), 'a.journal'),
      gunzipSync(readFileSync(join(import.meta.dirname, 'test-data/eight-entries.journal.gz'))),
    )
  })
  afterAll(() => folder.remove())

  /** Reads until there are so many entries. */
  async function readSome(count: number, options: Partial<ReadJournalOptions> = {}) {
    const stop = new AbortController()
    const common = { program, path, matches: [], cursor: '', sinceMs: 0, maxLineBytes: 100_000, said: () => undefined }
    const found = []
    for await (const pieces of readJournal({ ...common, ...options }, stop.signal)) {
      found.push(...pieces.map(({ bytes }) => parseJournalEntry(bytes.toString())))
      if (found.length >= count) stop.abort()
    }
    return found
  }
  const messages = async (count: number, options?: Partial<ReadJournalOptions>) =>
    (await readSome(count, options)).map(({ fields }) => fields.get('MESSAGE')?.[0])
  const cursorOf = async (number: number): Promise<string> => (await readSome(8))[number - 1]?.cursor ?? ''

  test('all fields of all entries, long ones, bytes and repeated ones too', async () => {
    const found = await readSome(8)
    expect(found.map(({ fields }) => fields.get('MESSAGE')?.[0])).toEqual(READ)
    expect(found.map(({ realtimeUs }) => realtimeUs)).toEqual(READ.map((_, index) => 1_704_067_201_000_000n + BigInt(index) * 1_000_000n))
    expect(found[7]?.fields.get('TAG')?.toSorted()).toEqual(['one', 'two'])
    expect(found[0]?.fields.get('_SYSTEMD_UNIT')).toEqual(['a.service'])
    expect([...(found[0]?.fields.keys() ?? [])].filter((name) => name.startsWith('__'))).toEqual([])
  })

  test('since a time', async () => expect(await messages(2, { sinceMs: 1_704_067_207_400 })).toEqual(READ.slice(6)))
  test('from a cursor on', async () => expect(await messages(3, { cursor: await cursorOf(6) })).toEqual(READ.slice(5)))
  test('from a cursor that is gone: the next that is there', async () => {
    const cursor = `s=${'a'.repeat(32)};i=1;b=${'b'.repeat(32)};m=1;t=${(1_704_067_206_500_000).toString(16)};x=1`
    expect(await messages(2, { cursor })).toEqual(READ.slice(6))
  })
  test('of one unit', async () =>
    expect(await messages(2, { matches: ['_SYSTEMD_UNIT=b.service', 'PRIORITY=4', 'PRIORITY=2'] })).toEqual(['line 2', 'line 4']))

  test('a cursor that is none', async () => {
    const error = await readSome(1, { cursor: 'nonsense' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(JournalEndedError)
    expect(error).toMatchObject({
      isCursorRefused: true,
      message: `${program} ended with status 1: Failed to seek to cursor: Invalid argument`,
    })
  })
})

test('a program that is not there', async () => {
  const options = { program: '/none', path: '', matches: [], cursor: '', sinceMs: 0, maxLineBytes: 1000, said: () => undefined }
  const reading = readJournal(options, new AbortController().signal)
  await expect(reading.next()).rejects.toThrow(new JournalEndedError('/none cannot be started: spawn /none ENOENT'))
})

test('nothing is started after the stop', async () => {
  const options = { program: '/none', path: '', matches: [], cursor: '', sinceMs: 0, maxLineBytes: 1000, said: () => undefined }
  expect(await readJournal(options, AbortSignal.abort()).next()).toEqual({ done: true, value: undefined })
})
