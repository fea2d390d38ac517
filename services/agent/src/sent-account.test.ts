import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { openSentAccount } from './sent-account.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-account-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (epoch = 100) => {
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
  return { ...openSentAccount({ path: join(folder, 'accounts', 'logs-loki.json'), epoch, logger }), warnings }
}
const path = (): string => join(folder, 'accounts', 'logs-loki.json')

test('counts numbers and what came of them', () => {
  const account = open()
  const [first, second] = [account.begin(), account.begin(), account.begin()]
  first('acknowledged')
  second('dropped')
  expect(account.counts()).toEqual({ epoch: 100, sent: 3, acknowledged: 1, dropped: 1, unanswered: 0 })
  account.close()
})

test('goes on after a clean end and after none; what had no answer then is told apart', () => {
  const stopped = open(100)
  stopped.begin()('acknowledged')
  stopped.begin()
  stopped.close()
  // Not closed: as a process that is killed leaves it.
  const killed = open(200)
  expect(killed.counts()).toEqual({ epoch: 100, sent: 2, acknowledged: 1, dropped: 0, unanswered: 1 })
  killed.begin()
  killed.begin()('dropped')
  const again = open(300)
  expect(again.counts()).toEqual({ epoch: 100, sent: 4, acknowledged: 1, dropped: 1, unanswered: 2 })
  again.begin()('acknowledged')
  expect(again.counts()).toEqual({ epoch: 100, sent: 5, acknowledged: 2, dropped: 1, unanswered: 2 })
  again.close()
})

test('the file has one size, whatever stands in it', () => {
  const account = open(Number.MAX_SAFE_INTEGER)
  for (let count = 0; count < 20; count++) account.begin()('acknowledged')
  expect(statSync(path()).size).toBe(256)
  account.close()
})

test.each([
  '',
  '{}',
  'no JSON',
  '{"version":2,"epoch":1,"sent":1,"acknowledged":1,"dropped":0}',
  '{"version":1,"epoch":1,"sent":1,"acknowledged":2,"dropped":0}',
  '{"version":1,"epoch":1,"sent":-1,"acknowledged":2,"dropped":0}',
])('a file that is none begins anew, and says so: %j', (text) => {
  open().close()
  writeFileSync(path(), text)
  const account = open(500)
  expect(account.counts()).toEqual({ epoch: 500, sent: 0, acknowledged: 0, dropped: 0, unanswered: 0 })
  expect(account.warnings).toEqual(['the account of what was sent cannot be read and begins anew'])
  account.close()
})

test('what is told after the end is not written any more', () => {
  const account = open()
  const settle = account.begin()
  account.close()
  const before = readFileSync(path(), 'utf8')
  settle('acknowledged')
  account.close()
  expect(readFileSync(path(), 'utf8')).toBe(before)
})
