import { expect, test } from 'vitest'

import { readShard } from './shard.ts'

const shardOf = (count: number, index: string) => readShard({ 'agent.shard.count': count, 'agent.shard.index': index })

test.each<[count: number, text: string, index: number]>([
  [1, '', 0],
  [1, '0', 0],
  [1, 'clymene-agent-0', 0],
  [3, '0', 0],
  [3, '2', 2],
  [3, 'clymene-agent-1', 1],
  [12, 'clymene-agent-11', 11],
  [3, 'agent-7-2', 2],
  [3, '-1', 1],
])('of %i the one called %j is number %i', (count, text, index) => {
  expect(shardOf(count, text)).toEqual({ index, count })
})

test.each<[count: number, text: string]>([
  [1, '1'],
  [2, ''],
  [3, '3'],
  [3, 'clymene-agent-3'],
  [3, 'clymene-agent'],
  [3, 'clymene-agent-'],
  [3, 'agent2'],
  [3, '1.5'],
  [3, '1 '],
  [3, '99999999999999999999'],
])('of %i none is called %j', (count, text) => {
  expect(() => shardOf(count, text)).toThrow(
    `--agent.shard.index=${JSON.stringify(text)}: expected a number below --agent.shard.count=${count}, or a name that ends with`,
  )
})
