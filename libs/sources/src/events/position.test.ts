import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { expect, onTestFinished, test } from 'vitest'

import { loadPosition, savePosition } from './position-file.ts'
import { parsePosition, positionText, type EventPosition } from './position.ts'

const POSITION: EventPosition = {
  watches: new Map([
    ['events', { version: '4711', newestNs: 1_704_067_200_000_000_001n }],
    ['events/__proto__', { version: '5', newestNs: 0n }],
  ]),
  terminations: { floorNs: -1n, ended: [['abcdefghi', 1_704_067_200_000_000_000n]] },
}

function listening() {
  const errors: string[] = []
  const logger: Logger = { ...silentLogger, error: (message, fields) => errors.push(`${message} ${JSON.stringify(fields)}`) }
  return { errors, logger }
}

test('a position comes back as it was', () => {
  const { errors, logger } = listening()
  expect(parsePosition(positionText(POSITION), 'here', logger)).toEqual(POSITION)
  expect(parsePosition('', 'here', logger)).toBeUndefined()
  expect(errors).toEqual([])
})

test.each([
  ['{'],
  ['null'],
  ['[]'],
  ['{"watches":{},"floor":"0","ended":[]}'],
  ['{"watches":[["a","1"]],"floor":"0","ended":[]}'],
  ['{"watches":[["a","1",2]],"floor":"0","ended":[]}'],
  ['{"watches":[["a","1","x"]],"floor":"0","ended":[]}'],
  ['{"watches":[],"ended":[]}'],
  ['{"watches":[],"floor":"0","ended":[["a"]]}'],
])('%s is no position: it is told and the start goes on', (text) => {
  const { errors, logger } = listening()
  expect(parsePosition(text, 'here', logger)).toBeUndefined()
  expect(errors).toHaveLength(1)
})

const folderOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-position-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('the file keeps id and position, and the one before it', async () => {
  const path = join(folderOf(), 'new', 'events')
  const { errors, logger } = listening()
  const first = await loadPosition(path, logger)
  expect(first.position).toBe('')
  await savePosition(path, { ...first, position: 'one' })
  await savePosition(path, { ...first, position: 'two' })
  expect(await loadPosition(path, logger)).toEqual({ id: first.id, position: 'two' })
  writeFileSync(path, '')
  expect(await loadPosition(path, logger)).toEqual({ id: first.id, position: 'one' })
  expect(errors).toEqual([expect.stringContaining('expected an id')])
  expect(readdirSync(join(path, '..')).toSorted()).toEqual(['events', 'events.bak'])
})

test('agents without a file have different ids', async () => {
  const path = join(folderOf(), 'events')
  const ids = await Promise.all([1, 2, 3].map(async () => (await loadPosition(path, silentLogger)).id))
  expect(new Set(ids).size).toBe(3)
})
