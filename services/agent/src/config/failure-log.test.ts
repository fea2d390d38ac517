import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { createFailureLog } from './failure-log.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'clymene-failures-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const failure = (error: string) => ({ timestampMs: 1_700_000_000_123, job: 'j', url: 'http://a:1/metrics', error })
const messagesOf = (path: string): readonly unknown[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line).msg)

test('a line for each failure', () => {
  const path = join(folder, 'f.log')
  const write = createFailureLog(path, silentLogger)
  write(failure('no "answer"\nin time'))
  expect(readFileSync(path, 'utf8')).toBe(
    '{"time":"2023-11-14T22:13:20.123Z","level":"ERROR","msg":"no \\"answer\\"\\nin time","job_name":"j","target":"http://a:1/metrics"}\n',
  )
  write(failure('again'))
  createFailureLog(path, silentLogger)(failure('of another job'))
  expect(messagesOf(path)).toEqual(['no "answer"\nin time', 'again', 'of another job'])
})

test('past its size the file gives way, and the one before it goes', () => {
  const path = join(folder, 'f.log')
  const write = createFailureLog(path, silentLogger, 200)
  for (const error of ['1', '2', '3', '4', '5']) write(failure(error))
  expect([messagesOf(`${path}.1`), messagesOf(path)]).toEqual([['3', '4'], ['5']])
})

test('a file that cannot be written is told once, and nothing is thrown', () => {
  const lines: unknown[] = []
  const path = join(folder, 'none', 'f.log')
  const write = createFailureLog(path, { ...silentLogger, warn: (message, fields) => void lines.push([message, fields]) })
  write(failure('1'))
  write(failure('2'))
  const fields: unknown = expect.objectContaining({ path, error: expect.stringContaining('ENOENT') })
  expect(lines).toEqual([['scrape_failure_log_file cannot be written', fields]])
  expect(existsSync(path)).toBe(false)
})
