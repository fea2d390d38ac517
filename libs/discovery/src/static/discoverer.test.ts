import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { describeDiscovererContract } from '../contract.ts'
import { createStaticDiscoverer, parseStaticConfig } from './discoverer.ts'

describeDiscovererContract('static', () =>
  Promise.resolve({
    create: () => createStaticDiscoverer(parseStaticConfig([{ targets: ['a:1'] }, { targets: ['b:2'] }], 'static_configs')),
    stop: () => Promise.resolve(),
  }),
)

describe('parseStaticConfig', () => {
  test('targets and labels', () => {
    expect(
      parseStaticConfig([{ targets: ['a:1', 'b:2'], labels: { job: 'x', n: 1, t: true, e: null } }, { targets: [] }], 'w').groups,
    ).toEqual([
      {
        source: '0',
        targets: [new Map([['__address__', 'a:1']]), new Map([['__address__', 'b:2']])],
        labels: new Map([
          ['job', 'x'],
          ['n', '1'],
          ['t', 'true'],
          ['e', ''],
        ]),
      },
      { source: '1', targets: [], labels: new Map() },
    ])
  })

  test.each([undefined, null, []])('%j means no groups', (value) => {
    expect(parseStaticConfig(value, 'w').groups).toEqual([])
  })

  test('a group without targets has the default one, if there is one', () => {
    expect(targetsOf({})).toBe(0)
    expect(targetsOf({ defaultTarget: 'localhost' })).toBe(1)
  })

  test.each([
    ['x', ['w: expected a list of groups with targets and labels, found "x"']],
    [
      [1, null],
      ['w[0]: expected a mapping, found 1', 'w[1]: expected a mapping, found null'],
    ],
    [[{ target: ['a'] }], ['w[0].target: unknown key (known: targets, labels)']],
    [[{ targets: 'a:1' }], ['w[0].targets: expected a list of addresses, found "a:1"']],
    [
      [{ targets: ['', {}] }],
      [
        'w[0].targets[0]: expected an address such as host:9100, found ""',
        'w[0].targets[1]: expected an address such as host:9100, found {}',
      ],
    ],
    [[{ targets: [], labels: ['a'] }], ['w[0].labels: expected a mapping, found ["a"]']],
    [[{ labels: { a: [], '': 'x' } }], ['w[0].labels.a: expected text, found []', 'w[0].labels: a label name must not be empty']],
  ] as const)('%j is refused', (value, mistakes) => {
    let found: readonly string[] = []
    try {
      parseStaticConfig(value, 'w')
    } catch (error) {
      found = error instanceof ConfigError ? error.mistakes : []
    }
    expect(found).toEqual(mistakes)
  })
})

function targetsOf(options: object): number | undefined {
  return parseStaticConfig([{ labels: { a: 'b' } }], 'w', options).groups[0]?.targets.length
}
