import { existsSync, renameSync } from 'node:fs'

import { parseStages } from '@clymene/stages'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { FileJob } from './options.ts'
import { createTestFolder, fixedTargets, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

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

type Fields = Readonly<Record<string, string>>

/** A job over a glob of the folder. Its text is what it was made from. */
function jobOver(name: string, glob: string, labels: Fields = {}, stages: readonly object[] = []): FileJob {
  const target = { __path__: folder.path(glob), ...labels }
  const pipeline = parseStages(stages, 'stages')
  return { name, discoverers: [fixedTargets(target)], relabel: [], pipeline, fingerprint: JSON.stringify([target, stages]) }
}

const linesOf = (running: RunningSource, file: string): readonly string[] =>
  running.sent.filter(({ labels }) => labels['filename'] === folder.path(file)).map(({ line }) => line)
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 2 })
const numbered = (from: number, to: number): readonly string[] => Array.from({ length: to - from }, (_, index) => `line ${from + index}`)
const append = (file: string, ...lines: readonly string[]): void => folder.append(file, lines.map((line) => `${line}\n`).join(''))

const BLOCKS = [{ multiline: { firstline: '^block', max_wait_time: '1h' } }]

test('nothing is lost, repeated or out of order while files are written and rotated and jobs change, come, go and get other names', async () => {
  const stays = jobOver('stays', 'stays.log', {}, BLOCKS)
  const jobs = (round: number): readonly FileJob[] => [
    // New objects each time, as a file that is read again gives.
    jobOver('stays', 'stays.log', {}, BLOCKS),
    jobOver('changes', 'changes.log', { round: String(round) }),
    jobOver('stages', 'stages.log', {}, round % 2 === 0 ? BLOCKS : []),
    jobOver(`name-${round % 3}`, 'named.log'),
    ...(round % 2 === 0 ? [jobOver('comes', 'comes.log')] : []),
  ]
  source = startSource(folder, [stays, ...jobs(0).slice(1)], { batchBytes: 2000, streams: 2 })
  const written = new Map<string, string[]>()
  const write = (file: string, text: string): void => {
    append(file, text)
    const known = written.get(file) ?? []
    written.set(file, [...known, text])
  }
  const rotate = (file: string, number: number): void => {
    if (existsSync(folder.path(file))) renameSync(folder.path(file), folder.path(`${file}.${number}`))
    append(file)
  }
  const files = ['stays.log', 'changes.log', 'stages.log', 'named.log', 'comes.log']
  let count = 0
  for (let round = 1; round <= 20; round++) {
    for (let turn = 0; turn < 10; turn++) {
      for (const file of files) {
        write(file, `block ${count}`)
        write(file, `  of ${count++}`)
      }
      await new Promise((resolve) => setTimeout(resolve, turn % 3))
    }
    if (round % 2 === 1) for (const file of files.slice(0, 4)) rotate(file, round)
    // File systems note times by a coarse clock.
    await new Promise((resolve) => setTimeout(resolve, 12))
    source.reload(jobs(round))
  }
  const running = source
  for (const file of files) write(file, 'block end')
  const expected = (file: string): readonly string[] => written.get(file) ?? []
  const came = (file: string): readonly string[] => linesOf(running, file).flatMap((line) => line.split('\n'))
  // The last blocks are held.
  const held = new Set(['stays.log', 'stages.log'])
  for (const file of files) await eventually(() => expect(came(file)).toHaveLength(expected(file).length - (held.has(file) ? 1 : 0)))
  source.reload([])
  await running.stop()
  for (const file of files) expect(came(file)).toEqual(expected(file))
  expect(linesOf(running, 'stays.log').every((block) => /^block (\d+\n {2}of \d+|end)$/.test(block))).toBe(true)
  const rounds = new Set(running.sent.map(({ labels }) => labels['round']))
  expect(rounds.has('20')).toBe(true)
}, 60_000)

describe('a job that did not change', () => {
  test('is discovered once and keeps the lines that its stages hold', async () => {
    let runs = 0
    const once = (): FileJob => {
      const job = jobOver('a', 'a.log', {}, BLOCKS)
      return { ...job, discoverers: job.discoverers.map(({ run }) => ({ run: (update, signal) => (runs++, run(update, signal)) })) }
    }
    source = startSource(folder, [once()])
    const running = source
    append('a.log', 'block 1', '  more')
    append('b.log', 'b')
    await eventually(() => expect(running.files()[0]?.size).toBe(15))
    running.reload([once(), jobOver('b', 'b.log')])
    await eventually(() => expect(running.texts()).toEqual(['b']))
    append('a.log', '  and more', 'block 2')
    await eventually(() => expect(running.texts()).toEqual(['b', 'block 1\n  more\n  and more']))
    expect(runs).toBe(1)
  })

  test('goes on while others wait for a sink that does not answer', async () => {
    source = startSource(folder, [jobOver('a', 'a.log'), jobOver('b', 'b.log', { version: '1' })])
    const running = source
    append('a.log', 'a 1')
    append('b.log', 'b 1')
    await eventually(() => expect(running.texts()).toHaveLength(2))
    running.blocked = true
    append('b.log', 'b 2')
    await eventually(() => expect(running.files().find(({ job }) => job === 'b')?.size).toBe(8))
    running.reload([jobOver('a', 'a.log'), jobOver('b', 'b.log', { version: '2' }), jobOver('c', '*.txt')])
    append('a.log', 'a 2')
    append('c.txt', 'c 1')
    // The file of the job that goes on is held open: nothing is lost when it is rotated meanwhile.
    expect(running.files().map(({ job }) => job)).toEqual(['a'])
    running.reload([jobOver('a', 'a.log'), jobOver('b', 'b.log', { version: '3' }), jobOver('c', '*.txt')])
    append('b.log', 'b 3')
    running.blocked = false
    await eventually(() => expect(running.texts().toSorted()).toEqual(['a 1', 'a 2', 'b 1', 'b 2', 'b 3', 'c 1']))
    const versions = running.sent.filter(({ line }) => line.startsWith('b')).map(({ labels, line }) => `${line} of ${labels['version']}`)
    expect(versions).toEqual(['b 1 of 1', expect.stringMatching(/^b 2 of [13]$/), 'b 3 of 3'])
  })
})

describe('a job that is gone', () => {
  test('is not read any more, hands over what its stages hold, and goes on where it was when it comes again', async () => {
    source = startSource(folder, [jobOver('a', 'a.log', {}, BLOCKS)])
    const running = source
    append('a.log', 'block 1', '  more')
    await eventually(() => expect(running.files()[0]?.size).toBe(15))
    running.reload([])
    await eventually(() => expect(running.texts()).toEqual(['block 1\n  more']))
    expect([running.files(), running.targets()]).toEqual([[], []])
    append('a.log', 'block 2')
    running.reload([jobOver('a', 'a.log')])
    await eventually(() => expect(running.texts()).toEqual(['block 1\n  more', 'block 2']))
  })

  test.each(['at a reload', 'at a restart'])(
    'leaves its positions to the one that follows its files, rotated ones too: %s',
    async (when) => {
      source = startSource(folder, [jobOver('a', '*.log')])
      let running = source
      append('x.log', ...numbered(0, 10))
      await eventually(() => expect(running.texts()).toHaveLength(10))
      renameSync(folder.path('x.log'), folder.path('x.log.1'))
      append('x.log', ...numbered(10, 20))
      await eventually(() => expect(running.texts()).toHaveLength(20))
      const before = running.texts()
      if (when === 'at a reload') running.reload([jobOver('b', '*.log')])
      else {
        await running.stop()
        source = startSource(folder, [jobOver('b', '*.log')])
        running = source
      }
      append('x.log', ...numbered(20, 30))
      const all = (): readonly string[] => (when === 'at a reload' ? running.texts() : [...before, ...running.texts()])
      await eventually(() => expect(all().length).toBeGreaterThanOrEqual(30))
      await running.stop()
      expect(all()).toEqual(numbered(0, 30))
    },
  )
})

test('a stop right after a reload, and a reload before the start', async () => {
  append('a.log', 'one')
  source = startSource(folder, [])
  source.reload([jobOver('a', 'a.log', { version: '1' })])
  const running = source
  await eventually(() => expect(running.texts()).toEqual(['one']))
  append('a.log', 'two')
  running.reload([jobOver('a', 'a.log', { version: '2' })])
  await running.stop()
  source = startSource(folder, [jobOver('a', 'a.log', { version: '2' })])
  const next = source
  append('a.log', 'three')
  await eventually(() => expect([...running.texts(), ...next.texts()]).toEqual(['one', 'two', 'three']))
})
