import { readFileSync, writeFileSync } from 'node:fs'

import { PermanentError, RetryableError } from '@clymene/model'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createJournalFolder, journalJob, startJournal, type JournalFolder, type RunningJournal } from './run-journal.test-kit.ts'
import { scriptedEntry, type ScriptedEntry } from './scripted-journalctl.test-kit.ts'

let folder: JournalFolder
const running: RunningJournal[] = []
beforeEach(() => {
  folder = createJournalFolder()
})
afterEach(async () => {
  await Promise.allSettled(running.splice(0).map((one) => one.stop()))
  folder.remove()
})

const start = (options: Parameters<typeof startJournal>[2] = {}, job: Parameters<typeof journalJob>[0] = {}): RunningJournal => {
  const one = startJournal(folder, [journalJob(job)], options)
  running.push(one)
  return one
}
const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 5 })
const cursorOf = (number: number): string => scriptedEntry(number)['__CURSOR']
const numbers = (from: number, to: number): readonly string[] => Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)
const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => scriptedEntry(from + index))

test('entries come with their time, and labels by rules', async () => {
  folder.journal.append(scriptedEntry(1, { MESSAGE: 'started', _SYSTEMD_UNIT: 'a.service', PRIORITY: '3' }))
  const rules = [
    { source_labels: ['__journal__systemd_unit'], target_label: 'unit' },
    { source_labels: ['__journal_priority_keyword'], target_label: 'level' },
  ]
  const { sent } = start({ externalLabels: [['cluster', 'c']] }, { rules })
  await eventually(() => expect(sent).toHaveLength(1))
  const labels = { cluster: 'c', job: 'journal', unit: 'a.service', level: 'error' }
  expect(sent).toEqual([{ labels, line: 'started', timestampNs: 1_704_067_201_000_000_000n, metadata: [] }])
})

test('entries that come are followed, through stages', async () => {
  folder.journal.append(scriptedEntry(1))
  const { lines } = start({}, { stages: [{ drop: { expression: '2$' } }] })
  await eventually(() => expect(lines()).toEqual(['line 1']))
  folder.journal.append(...entries(2, 3))
  await eventually(() => expect(lines()).toEqual(['line 1', 'line 3']))
})

test('what journalctl is asked for', async () => {
  const job = journalJob({ matches: ['_TRANSPORT=kernel', 'PRIORITY=3'], maxAgeMs: 60_000 })
  running.push(startJournal(folder, [job], { now: () => 1_704_067_300_500 }))
  await eventually(() => expect(folder.journal.runs()).toHaveLength(1))
  const options = ['--output=json', '--all', '--follow', '--no-tail', '--no-pager', `--directory=${folder.path}`]
  expect(folder.journal.runs()).toEqual([[...options, '--since=@1704067240', '_TRANSPORT=kernel', 'PRIORITY=3']])
})

test('equal lines of one microsecond stay apart', async () => {
  const twice = [scriptedEntry(1), { ...scriptedEntry(1), __CURSOR: `${cursorOf(1)}2` }]
  folder.journal.append(...twice)
  const { sent } = start()
  await eventually(() => expect(sent.map(({ timestampNs }) => timestampNs % 1_000_000_000n)).toEqual([0n, 1n]))
})

describe('the cursor', () => {
  test('is moved when a batch is acknowledged: a restart goes on behind it', async () => {
    folder.journal.append(...entries(1, 3))
    const first = start()
    await eventually(() => expect(first.lines()).toEqual(numbers(1, 3)))
    await first.stop()
    folder.journal.append(...entries(4, 5))
    const second = start()
    await eventually(() => expect(second.lines()).toEqual(numbers(4, 5)))
    expect(await second.metric('clymene_agent_journal_lost_cursors_total')).toBe(0)
    expect(second.logged).toEqual([])
  })

  test('stays when it is not: nothing is passed over', async () => {
    folder.journal.append(...entries(1, 2))
    const first = start({ stopWaitMs: 1 })
    await eventually(() => expect(first.lines()).toEqual(numbers(1, 2)))
    first.state.blocked = true
    folder.journal.append(...entries(3, 4))
    await eventually(async () => expect(await first.metric('clymene_agent_journal_entries_total')).toBe(4))
    await first.stop()
    const second = start()
    await eventually(() => expect(second.lines()).toEqual(numbers(3, 4)))
  })

  test('passes entries that are left out', async () => {
    folder.journal.append(scriptedEntry(1), scriptedEntry(2, { PRIORITY: '1' }))
    const first = start()
    await eventually(async () => expect(await first.metric('clymene_agent_journal_left_out_entries_total')).toBe(1))
    await first.stop()
    folder.journal.append(scriptedEntry(3))
    const second = start()
    await eventually(() => expect(second.lines()).toEqual(['line 3']))
    expect(folder.journal.runs().at(-1)).toContain(`--cursor=${cursorOf(2)}`)
  })

  test('whose entry is rotated away is told and counted, and the oldest that is there comes next', async () => {
    folder.journal.append(...entries(1, 3))
    const first = start()
    await eventually(() => expect(first.lines()).toEqual(numbers(1, 3)))
    await first.stop()
    folder.journal.empty()
    folder.journal.append(...entries(5, 6))
    const second = start()
    await eventually(() => expect(second.lines()).toEqual(numbers(5, 6)))
    expect(await second.metric('clymene_agent_journal_lost_cursors_total')).toBe(1)
    expect(second.logged).toEqual([
      'error the entry of the journal to go on from is gone, entries may be missing {"job":"j","from":"2024-01-01T00:00:03.000Z","to":"2024-01-01T00:00:05.000Z"}',
    ])
  })

  test('is not missed when something else is selected now', async () => {
    folder.journal.append(scriptedEntry(1))
    const first = start()
    await eventually(() => expect(first.lines()).toEqual(['line 1']))
    await first.stop()
    folder.journal.append(scriptedEntry(2, { MESSAGE: 'kernel', _TRANSPORT: 'kernel' }))
    const second = start({}, { matches: ['_TRANSPORT=kernel'] })
    await eventually(() => expect(second.lines()).toEqual(['kernel']))
    expect(await second.metric('clymene_agent_journal_lost_cursors_total')).toBe(0)
  })

  test('that journalctl does not understand is told and counted', async () => {
    folder.journal.append(scriptedEntry(1))
    const first = start()
    await eventually(() => expect(first.lines()).toEqual(['line 1']))
    await first.stop()
    const [path = ''] = folder.cursorFiles().filter((one) => one.endsWith('.json'))
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"cursor":"[^"]*"/, '"cursor":"nonsense"'))
    const second = start()
    await eventually(() => expect(second.lines()).toEqual(['line 1']))
    expect(await second.metric('clymene_agent_journal_lost_cursors_total')).toBe(1)
  })

  test('of Promtail is where to begin', async () => {
    folder.journal.append(...entries(1, 3))
    const path = folder.file('positions.yaml')
    writeFileSync(path, `positions:\n  cursor-j: "${cursorOf(2)}"\n  /var/log/a: "7"\n`)
    const { lines } = start({ formerPositionsPath: path })
    await eventually(() => expect(lines()).toEqual(['line 3']))
  })

  test.each([
    ['a broken file is reported, the one before it is used', 'not JSON', ['line 2', 'line 3']],
    ['an empty file', '', ['line 2', 'line 3']],
  ])('%s', async (_what, broken, expected) => {
    folder.journal.append(scriptedEntry(1))
    const first = start()
    await eventually(() => expect(first.lines()).toEqual(['line 1']))
    folder.journal.append(scriptedEntry(2))
    await eventually(() => expect(first.lines()).toEqual(['line 1', 'line 2']))
    await first.stop()
    const path = folder.cursorFiles().find((one) => one.endsWith('.json')) ?? ''
    writeFileSync(path, broken)
    folder.journal.append(scriptedEntry(3))
    const second = start()
    await eventually(() => expect(second.lines()).toEqual(expected))
    expect(second.logged[0]).toMatch(/^error cursor of the journal cannot be used, entries may be sent again/)
  })

  test('stays where it is in a dry run', async () => {
    folder.journal.append(scriptedEntry(1))
    const { lines, stop } = start({ movesCursor: false })
    await eventually(() => expect(lines()).toEqual(['line 1']))
    await stop()
    expect(folder.cursorFiles()).toEqual([])
  })

  test('that cannot be written is told and counted, and the entries go on', async () => {
    writeFileSync(folder.file('cursors'), 'a file, no folder')
    folder.journal.append(scriptedEntry(1))
    const { lines, metric, logged } = start()
    await eventually(async () => expect(await metric('clymene_agent_journal_cursor_errors_total')).toBe(1))
    expect(lines()).toEqual(['line 1'])
    expect(logged.some((one) => one.startsWith('error cursor of the journal cannot be written'))).toBe(true)
  })
})

describe('a journalctl that ends', () => {
  test('is started again and goes on behind what was read; what it says is told', async () => {
    folder.journal.append(...entries(1, 2))
    const { lines, metric, logged } = start()
    await eventually(() => expect(lines()).toEqual(numbers(1, 2)))
    folder.journal.endWith('Journal is broken')
    await eventually(async () => expect(await metric('clymene_agent_journal_restarts_total')).toBeGreaterThan(1))
    folder.journal.append(scriptedEntry(3))
    folder.journal.goOn()
    await eventually(() => expect(lines()).toEqual(numbers(1, 3)))
    expect(logged).toContainEqual(
      expect.stringMatching(/^error the journal is not read, journalctl is started again .*ended with status 1: Journal is broken/),
    )
    expect(logged).toContainEqual(expect.stringMatching(/^warn journalctl says .*Journal is broken/))
    expect(await metric('clymene_agent_journal_lost_cursors_total')).toBe(0)
  })

  test('because it is not there: told by its name, tried again, and a stop ends it', async () => {
    const { metric, logged, stop } = start({ program: folder.file('none') })
    await eventually(async () => expect(await metric('clymene_agent_journal_restarts_total')).toBeGreaterThan(2))
    expect(logged).toEqual([expect.stringContaining(`${folder.file('none')} cannot be started: spawn ${folder.file('none')} ENOENT`)])
    await stop()
  })
})

describe('entries that are not sent are counted', () => {
  test.each<[reason: string, entry: ScriptedEntry | string, rules: readonly unknown[]]>([
    ['no_message', scriptedEntry(1, { PRIORITY: '1' }), []],
    ['no_labels', scriptedEntry(1), [{ action: 'labeldrop', regex: 'job' }]],
    ['relabelling', scriptedEntry(1, { MESSAGE: 'x', A: 'b' }), [{ action: 'drop', source_labels: ['__journal_a'], regex: 'b' }]],
    ['unreadable', '-- no entry --', []],
    ['too_large', scriptedEntry(1, { MESSAGE: 'x'.repeat(9 * 1024 * 1024) }), []],
  ])('%s', async (reason, entry, rules) => {
    folder.journal.append(entry, scriptedEntry(2, { MESSAGE: 'next', KEEP: 'yes' }))
    const labels = reason === 'no_labels' ? [{ source_labels: ['__journal_keep'], target_label: 'keep' }] : []
    const { lines, metric } = start({}, { rules: [...rules, ...labels] })
    await eventually(() => expect(lines()).toEqual(['next']))
    expect(await metric('clymene_agent_journal_left_out_entries_total', { reason })).toBe(1)
    expect(await metric('clymene_agent_journal_left_out_entries_total')).toBe(1)
  })
})

test.each<[longLines: 'truncate' | 'split', lines: readonly string[], metadata: readonly unknown[]]>([
  ['truncate', ['xxxx', 'next'], [[['truncated', 'true']], []]],
  [
    'split',
    ['xxxx', 'xxx', 'next'],
    [expect.arrayContaining([['partial_ordinal', '1']]), expect.arrayContaining([['partial_last', 'true']]), []],
  ],
])('a long message: %s', async (longLines, lines, metadata) => {
  folder.journal.append(scriptedEntry(1, { MESSAGE: 'xxxxxxx' }), scriptedEntry(2, { MESSAGE: 'next' }))
  const { sent, metric } = start({ maxLineBytes: 4, longLines })
  await eventually(() => expect(sent.map(({ line }) => line)).toEqual(lines))
  expect(sent.map((one) => one.metadata)).toEqual(metadata)
  expect(await metric('clymene_agent_journal_long_lines_total')).toBe(1)
})

describe('the buffer', () => {
  test('takes nothing: journalctl is not read on, and nothing is lost when it does', async () => {
    const count = 20_000
    folder.journal.append(...entries(1, count))
    const one = start({ batch: { bytes: 10_000, waitMs: 5 }, stopWaitMs: 1 })
    one.state.blocked = true
    const read = (): Promise<number> => one.metric('clymene_agent_journal_entries_total')
    let before = -1
    await eventually(async () => {
      const now = await read()
      const stands = now === before
      before = now
      expect(now > 0 && stands).toBe(true)
    })
    expect(before).toBeLessThan(count / 4)
    await one.stop()
    const second = start({ batch: { bytes: 10_000, waitMs: 5 } })
    await eventually(() => expect(second.lines()).toEqual(numbers(1, count)))
  })

  test('fails for now: tried again, in order', async () => {
    folder.journal.append(...entries(1, 3))
    const one = start()
    one.state.failure = new RetryableError('full')
    await eventually(() => expect(one.logged).toEqual([expect.stringContaining('entries of the journal wait')]))
    one.state.failure = undefined
    await eventually(() => expect(one.lines()).toEqual(numbers(1, 3)))
  })

  test('refuses for good: told, counted, passed over', async () => {
    folder.journal.append(...entries(1, 3))
    const one = start()
    one.state.failure = new PermanentError('too large')
    await eventually(async () => expect(await one.metric('clymene_agent_journal_refused_entries_total')).toBe(3))
    one.state.failure = undefined
    folder.journal.append(scriptedEntry(4))
    await eventually(() => expect(one.lines()).toEqual(['line 4']))
  })

  test('is broken: the source ends with that, all its jobs too', async () => {
    folder.journal.append(scriptedEntry(1))
    const one = startJournal(folder, [journalJob({}), journalJob({ name: 'k', matches: ['A=b'] })])
    running.push(one)
    one.state.failure = new Error('disk is gone')
    await expect(one.run).rejects.toThrow('disk is gone')
  })
})

test('jobs have a cursor and a stream each', async () => {
  folder.journal.append(scriptedEntry(1))
  const one = startJournal(folder, [journalJob({ labels: [['job', 'a']] }), journalJob({ name: '../k', labels: [['job', 'b']] })])
  running.push(one)
  await eventually(() => expect(new Set(one.sent.map(({ labels }) => labels['job']))).toEqual(new Set(['a', 'b'])))
  await one.stop()
  expect(folder.cursorFiles().filter((path) => path.endsWith('.json'))).toHaveLength(2)
})
