import { silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { createCutLines } from './cut-lines.ts'

function setup() {
  let nowMs = 0
  const told: { readonly message: string; readonly path: unknown; readonly heldBack: unknown }[] = []
  const logger = {
    ...silentLogger,
    warn: (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void told.push({ message, path: fields['path'], heldBack: fields['heldBack'] }),
  }
  const of = createCutLines({ maxLineBytes: 10, longLines: 'truncate', logger, now: () => nowMs })
  return { told, cut: (path: string, line: string) => of(path)(Buffer.from(line)), wait: (ms: number) => (nowMs += ms) }
}

test('once a minute and file, with the number of those that were not told', () => {
  const { told, cut, wait } = setup()
  for (const path of ['a', 'a', 'b', 'a']) cut(path, 'x'.repeat(20))
  wait(59_999)
  cut('a', 'y'.repeat(20))
  wait(1)
  cut('a', 'z'.repeat(20))
  expect(told.map(({ path, heldBack }) => [path, heldBack])).toEqual([
    ['a', 0],
    ['b', 0],
    ['a', 3],
  ])
})

test('a notice that was cut itself, in the own log, gives no other one', () => {
  const { told, cut, wait } = setup()
  cut('own.log', 'x'.repeat(20))
  for (let round = 0; round < 3; round++) {
    wait(120_000)
    cut('own.log', JSON.stringify({ level: 'warn', message: told.at(-1)?.message, path: 'own.log' }))
  }
  expect(told).toHaveLength(1)
})
