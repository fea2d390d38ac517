import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createMetrics } from '@clymene/runtime'
import { afterEach, expect, test } from 'vitest'

import { loggerInto, metricOf, type Line } from '../start.test-kit.ts'
import { createFollowed } from './followed.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-followed-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('files that fit are taken together; those that do not leave the value, and are told of once a minute after a grace', async () => {
  const paths = ['a', 'b'].map((name) => join(directory, name))
  const write = (...contents: readonly string[]) => contents.forEach((content, index) => writeFileSync(paths[index] ?? '', content))
  const lines: Line[] = []
  const metrics = createMetrics()
  let clock = 0
  write('1', '1')
  const followed = createFollowed({
    what: 'pair',
    paths,
    read: ([a, b]) => {
      if (String(a) !== String(b)) throw new Error('do not match')
      return String(a)
    },
    metrics,
    logger: loggerInto(lines),
    now: () => clock,
  })
  const lookAfter = (ms: number) => {
    clock += ms
    followed.look()
    return followed.current()
  }
  const counted = (outcome: string) => metricOf(metrics, `clymene_gateway_credential_reloads_total{what="pair",outcome="${outcome}"}`)
  const stale = () => metricOf(metrics, 'clymene_gateway_credential_stale{what="pair"}')

  expect(followed.current()).toBe('1')
  expect(lookAfter(1000)).toBe('1')
  expect(lines).toEqual([])

  // Half of it, and the other half a moment later: nobody hears of it.
  write('22', '1')
  expect(lookAfter(1000)).toBe('1')
  write('22', '22')
  expect(lookAfter(1000)).toBe('22')
  expect(lines).toMatchObject([{ level: 'info', message: 'changed pair taken' }])
  expect([await counted('taken'), await counted('refused'), await stale()]).toEqual([1, undefined, 0])

  write('333', '22')
  for (let second = 0; second <= 65; second++) expect(lookAfter(1000)).toBe('22')
  const errors = lines.filter(({ level }) => level === 'error')
  expect(errors).toHaveLength(2)
  expect(errors[0]).toMatchObject({ message: 'changed pair cannot be used, the former goes on', fields: { error: 'do not match' } })
  expect([await counted('refused'), await stale()]).toEqual([2, 1])

  // Gone is no change to nothing either.
  rmSync(paths[0] ?? '')
  expect(lookAfter(1000)).toBe('22')
  write('4444', '4444')
  expect(lookAfter(1000)).toBe('4444')
  expect([await counted('taken'), await stale()]).toEqual([2, 0])
})
