import type { Labels } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { limitLabels, LOKI_LABEL_LIMITS, type LabelLimits } from './label-limits.ts'

const limits = (given: Partial<LabelLimits> = {}): LabelLimits => ({ ...LOKI_LABEL_LIMITS, ...given })
const named = (...names: readonly string[]): Labels => names.toSorted().map((name) => [name, 'v'])

describe('labels that are within the limits stay as they are', () => {
  test.each<[string, Labels, Partial<LabelLimits>]>([
    ['as many as may be', named('a', 'b'), { maxNames: 2 }],
    ['service_name is not counted', named('a', 'b', 'service_name'), { maxNames: 2 }],
    ['a name as long as may be', [['a'.repeat(1024), 'v']], {}],
    ['a value as long as may be, in bytes', [['a', '가'.repeat(4)]], { maxValueBytes: 12 }],
    ['0 is no limit', [...named('a', 'b'), ['c'.repeat(5000), 'v'.repeat(5000)]], { maxNames: 0, maxNameBytes: 0, maxValueBytes: 0 }],
    ['a name of the language', named('__proto__', '_', 'A1'), {}],
  ])('%s', (_, labels, given) => {
    for (const action of ['drop', 'metadata', 'refuse'] as const) {
      expect(limitLabels(labels, limits({ ...given, action }))).toEqual({ labels, metadata: [], refused: false, offences: [] })
    }
  })
})

describe('labels beyond them', () => {
  test.each<[string, Labels, Partial<LabelLimits>, left: readonly string[], metadata: readonly string[], limit: string]>([
    ['one too many: the last by name', named('a', 'b', 'c'), { maxNames: 2 }, ['a', 'b'], ['c'], 'names'],
    [
      'one too many: never those by which lines are found',
      named('a', 'namespace', 'pod'),
      { maxNames: 2 },
      ['namespace', 'pod'],
      ['a'],
      'names',
    ],
    [
      'a long name',
      [
        ['a', 'v'],
        ['b'.repeat(1025), 'v'],
      ],
      {},
      ['a'],
      ['b'.repeat(1025)],
      'name_bytes',
    ],
    [
      'a long value, in bytes',
      [
        ['a', '가나다라x'],
        ['b', 'v'],
      ],
      { maxValueBytes: 12 },
      ['b'],
      ['a'],
      'value_bytes',
    ],
    ['a name with a hyphen', named('a', 'trace-id'), {}, ['a'], ['trace_id'], 'name_characters'],
    ['a name that begins with a digit', named('1a', 'b'), {}, ['b'], ['_1a'], 'name_characters'],
    ['a name of other letters', named('é', 'b'), {}, ['b'], ['_'], 'name_characters'],
    [
      'no name',
      [
        ['', 'v'],
        ['b', 'v'],
      ],
      {},
      ['b'],
      ['_'],
      'name_characters',
    ],
    ['one that is no name anyhow does not count', named('a', 'b', 'c-d'), { maxNames: 2 }, ['a', 'b'], ['c_d'], 'name_characters'],
  ])('%s', (_, labels, given, left, metadata, limit) => {
    const names = (of: Labels): readonly string[] => of.map(([name]) => name)
    const found = (action: LabelLimits['action']) => limitLabels(labels, limits({ ...given, action }))
    for (const action of ['drop', 'metadata', 'refuse'] as const) {
      expect(names(found(action).labels)).toEqual(action === 'refuse' ? names(labels).map((name) => name || '_') : left)
      expect(found(action).offences.map((offence) => offence.limit)).toEqual([limit])
      expect(found(action).refused).toBe(action === 'refuse')
      expect(names(found(action).metadata)).toEqual(action === 'metadata' ? metadata : [])
    }
  })
})

test.each<[string, Labels]>([
  ['lines that never had one', []],
  ['lines that lost all of them', [['a-b', 'v']]],
])('%s: Loki refuses a stream without labels, so one is added', (_, labels) => {
  const { offences, ...limited } = limitLabels(labels, limits())
  expect(limited).toEqual({ labels: [['service_name', 'unknown_service']], metadata: [], refused: false })
  expect(offences.at(-1)).toEqual({ label: 'service_name', limit: 'none' })
})

test.each<[string, Labels, expected: readonly (readonly [name: string, bytes: number])[]]>([
  [
    'a value of more than 32 KiB is cut',
    [
      ['a', 'x'.repeat(70_000)],
      ['b', 'y'.repeat(3000)],
      ['c', 'z'],
    ],
    [['a', 32_767]],
  ],
  ['no character in two', [['a', '가'.repeat(20_000)]], [['a', 32_766]]],
  [
    'all together',
    [
      ['a', 'x'.repeat(30_000)],
      ['b', 'y'.repeat(3000)],
    ],
    [
      ['a', 30_000],
      ['b', 2766],
    ],
  ],
  [
    'a name that leaves no room',
    [
      ['a'.repeat(40_000), 'x'],
      ['b', 'y'.repeat(3000)],
    ],
    [['b', 3000]],
  ],
])('what becomes metadata is what Loki takes: %s', (_, labels, expected) => {
  const { metadata } = limitLabels(labels, limits({ action: 'metadata' }))
  expect(metadata.map(([name, value]) => [name, Buffer.byteLength(value)])).toEqual(expected)
})

test('and no more than 64 pairs', () => {
  const many: Labels = Array.from({ length: 300 }, (_, index) => [`l${1000 + index}`, 'v'])
  const { labels, metadata } = limitLabels(many, limits({ action: 'metadata' }))
  expect([labels.length, metadata.length]).toEqual([15, 64])
})
