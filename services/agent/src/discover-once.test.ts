import type { Discoverer, TargetGroup } from '@clymene/model'
import { aborted } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { discoverOnce } from './discover-once.ts'

const group = (source: string, ...addresses: readonly string[]): TargetGroup => ({
  source,
  labels: new Map([['group', source]]),
  targets: addresses.map((address) => new Map([['__address__', address]])),
})

const saying =
  (...updates: readonly (readonly TargetGroup[])[]): Discoverer['run'] =>
  async (update, signal) => {
    for (const groups of updates) update(groups)
    await aborted(signal)
  }

test('takes what each discoverer says first, and ends them', async () => {
  const ended: string[] = []
  const run: Discoverer['run'] = async (update, signal) => {
    update([group('c', 'c:1')])
    await aborted(signal)
    ended.push('c')
  }
  const { found, missing } = await discoverOnce([{ run: saying([group('a', 'a:1', 'a:2')], [group('a', 'a:3')]) }, { run }], 60_000)
  expect(found.map((labels) => [...labels])).toEqual([
    [
      ['group', 'a'],
      ['__address__', 'a:3'],
    ],
    [
      ['group', 'c'],
      ['__address__', 'c:1'],
    ],
  ])
  expect([missing, ended]).toEqual([[], ['c']])
})

test('says which failed, and which were silent', async () => {
  const failing: Discoverer['run'] = () => Promise.reject(new Error('refused'))
  // Known until it ends.
  let trouble: string | undefined = 'cannot ask x: ECONNREFUSED'
  const troubled: Discoverer = { run: (_update, signal) => aborted(signal).finally(() => (trouble = undefined)), trouble: () => trouble }
  const { found, missing } = await discoverOnce([{ run: failing }, { run: saying() }, troubled, { run: saying([group('a', 'a:1')]) }], 20)
  expect(found).toHaveLength(1)
  const silent = 'nothing was discovered within 0.02 s'
  expect(missing.toSorted()).toEqual([silent, `${silent}: cannot ask x: ECONNREFUSED`, 'refused'])
})

test('without discoverers nothing is waited for', async () => {
  expect(await discoverOnce([], 60_000)).toEqual({ found: [], missing: [] })
})
