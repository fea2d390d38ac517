import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { loadPositions, type Position, savePositions } from './positions.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'

const position = (path: string, offset: number): Position => ({
  job: 'j',
  path,
  device: '1',
  inode: '18446744073709551615',
  fingerprint: 'f',
  fingerprintBytes: 9,
  offset,
  replayFrom: offset - 2,
  size: offset + 1,
  seenMs: 5,
})

const LF = 0x0a

const save = (path: string, files: readonly Position[], searchedMs: number): Promise<void> =>
  savePositions(path, { files, offsets: new Map(), offsetsMs: undefined, others: new Map(), searchedMs })

let folder: TestFolder
let file: string
beforeEach(() => {
  folder = createTestFolder()
  file = folder.path('positions.yaml')
})
afterEach(() => folder.remove())

/** Loads, with the paths that were reported, and how many damaged lines of them. */
async function load() {
  const reported: unknown[] = []
  const damaged: unknown[] = []
  const error: Logger['error'] = (_, fields) => {
    reported.push(fields?.['path'])
    damaged.push(fields?.['lines'])
  }
  return { stored: await loadPositions([file], { ...silentLogger, error }), reported, damaged }
}

describe('positions', () => {
  test('what is written is read', async () => {
    const positions = [position('/a "b"\n.log', 9), position('/가.log', 7)]
    await save(file, positions, 1234.5)
    const { stored, reported } = await load()
    expect(stored.files).toEqual(positions)
    expect(stored.searchedMs).toBe(1234)
    expect(reported).toEqual([])
  })

  test("the part that is Promtail's has every path and where to begin", async () => {
    await save(file, [position('/a.log', 9), position('/b.log', 7)], 0)
    expect(parse(readFileSync(file, 'utf8'))).toMatchObject({ positions: { '/a.log': '7', '/b.log': '5' } })
  })

  test('the file before is kept, nothing else stays', async () => {
    await save(file, [position('/a.log', 9)], 0)
    expect(existsSync(`${file}.bak`)).toBe(false)
    await save(file, [position('/a.log', 10)], 0)
    expect(readFileSync(`${file}.bak`, 'utf8')).toContain('"offset":9')
    expect(existsSync(`${file}.tmp`)).toBe(false)
  })

  test('no file is no positions, and nothing to report', async () => {
    expect(await load()).toEqual({
      stored: { files: [], offsets: new Map(), offsetsMs: undefined, others: new Map(), searchedMs: undefined },
      reported: [],
      damaged: [],
    })
  })

  test('Promtail files: offsets of paths, cursors of the journal; nothing but them, it refuses other keys', async () => {
    writeFileSync(file, 'positions:\n  /a.log: "12"\n  /b.log: 7\n  cursor-x: "s=1;i=2"\n  /c.log: "-1"\n')
    expect((await load()).stored.offsets).toEqual(
      new Map([
        ['/a.log', 12],
        ['/b.log', 7],
      ]),
    )
    const { stored } = await load()
    expect(stored.others).toEqual(new Map([['cursor-x', 's=1;i=2']]))
    await savePositions(file, { ...stored, files: [position('/b.log', 9)], searchedMs: 1 })
    expect(parse(readFileSync(file, 'utf8'))).toEqual({ positions: { '/a.log': '12', '/b.log': '7', 'cursor-x': 's=1;i=2' } })
    expect((await load()).stored.others).toEqual(stored.others)
  })

  test.each([
    ['as they are written', 'positions:\n  "/a \\"b\\u00e9\\\\": "12"\n'],
    ['with escapes that JSON does not have', 'positions:\n  "/a \\"b\\xe9\\\\": "12"\n'],
    ['with a tab as it is', 'positions:\n  "/\ta": "1"\n  "/a \\"bé\\\\": "12"\n'],
    ['plain', `positions:\n    '/a "bé\\': 12\n`],
    ['twice: the last counts', 'positions:\n  /a "bé\\: 1\n  /a "bé\\: 12\n'],
    ['cut behind the last', 'positions:\n  "/a \\"bé\\\\": "12"'],
  ])('entries %s', async (_how, text) => {
    writeFileSync(file, text)
    const { stored, reported } = await load()
    expect({ offset: stored.offsets.get('/a "bé\\'), reported }).toEqual({ offset: 12, reported: [] })
  })

  test('take time by their number, not by its square', async () => {
    const files = Array.from({ length: 20_000 }, (_, index) => ({ ...position(`/var/log/${index}.log`, 9), inode: String(index) }))
    await save(file, files, 0)
    const before = process.cpuUsage()
    expect((await load()).stored.files).toHaveLength(files.length)
    const { user, system } = process.cpuUsage(before)
    // 0.2 s, where keys are compared with one another 4 s.
    expect((user + system) / 1e6).toBeLessThan(2)
  })

  test.each(['positions: {', '[]', 'x', '', '\u0000\u0001', 'files: []'])('%j is reported, the .bak is used', async (text) => {
    await save(`${file}.bak`, [position('/a.log', 9)], 0)
    writeFileSync(file, text)
    const { stored, reported } = await load()
    expect(stored.files).toHaveLength(1)
    expect(reported).toEqual([file])
  })

  test('single positions that are damaged are left out and reported', async () => {
    const { offset: _, ...damaged } = position('/b.log', 1)
    const lines = [JSON.stringify(position('/a.log', 9)), JSON.stringify(damaged), '7', '{']
    writeFileSync(file, ['positions: {}', ...lines.map((line) => `# file ${line}`)].join('\n'))
    const { stored, reported, damaged: told } = await load()
    expect(stored.files).toEqual([position('/a.log', 9)])
    expect({ reported, told }).toEqual({ reported: [file], told: [3] })
  })

  test('every cut of a file is read or reported, never more', async () => {
    await save(file, [position('/a.log', 9), position('/b.log', 7)], 1)
    const whole = readFileSync(file)
    for (let length = 1; length < whole.length; length += 3) {
      writeFileSync(file, whole.subarray(0, length))
      const { stored, reported } = await load()
      // What ends with a line has what Promtail's would have.
      const isWhole = whole[length] === LF || whole[length - 1] === LF || !whole.subarray(0, length).includes('#')
      if (!isWhole) expect(reported).toEqual([file])
      for (const each of stored.files) expect([position('/a.log', 9), position('/b.log', 7)]).toContainEqual(each)
    }
  })
})
