import { ConfigError, type Kind } from '@clymene/model'
import { parseFlags } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { selectStorages, storageFlagSets, storages } from './registry.ts'

const names = (list: readonly { readonly name: string }[] = []): string[] => list.map(({ name }) => name)

describe('selectStorages', () => {
  test('each kind goes to the storages that take it', () => {
    const { selected, byKind } = selectStorages({ names: [' loki', 'prometheus', 'gateway', 'loki', ''] })
    expect(names(selected).toSorted()).toEqual(['gateway', 'loki', 'prometheus'])
    expect(names(byKind.get('metrics')).toSorted()).toEqual(['gateway', 'prometheus'])
    expect(names(byKind.get('logs')).toSorted()).toEqual(['gateway', 'loki'])
  })

  test('a kind without a storage is not served', () => {
    expect([...selectStorages({ names: ['prometheus'] }).byKind.keys()]).toEqual(['metrics'])
  })

  test('a kind that was not asked for is not served', () => {
    expect([...selectStorages({ names: ['gateway'], signals: ['logs'] }).byKind.keys()]).toEqual(['logs'])
  })

  const choices = ['prometheus', 'loki', 'gateway']
  const mistakes: [string, readonly string[], readonly Kind[] | undefined, string[]][] = [
    ['nothing', [], undefined, ['STORAGE_TYPE is empty: expected one or more of prometheus, loki, gateway']],
    ['an unknown name', ['kdb'], undefined, ['STORAGE_TYPE names "kdb": expected one or more of prometheus, loki, gateway']],
    [
      'all of them at once',
      ['kdb', 'loki', 'cortex'],
      undefined,
      [
        'STORAGE_TYPE names "kdb": expected one or more of prometheus, loki, gateway',
        'STORAGE_TYPE names "cortex": expected one or more of prometheus, loki, gateway',
      ],
    ],
    [
      'a signal without storage',
      ['loki'],
      ['metrics', 'logs'],
      ['--signals asks for metrics, which STORAGE_TYPE=loki does not take: add one of prometheus, gateway'],
    ],
  ]
  test.each(mistakes)('refuses %s', (_, list, signals, expected) => {
    const select = () => selectStorages({ names: list, choices, ...(signals === undefined ? {} : { signals }) })
    expect(select).toThrow(new ConfigError(expected))
  })
})

describe('storageFlagSets', () => {
  test('flags of what is not selected are accepted with a warning', () => {
    const { flags, ignored, groups } = storageFlagSets(selectStorages({ names: ['loki'] }).selected)
    const parsed = parseFlags(flags, ['--loki.client.timeout=3s', '--prometheus.remote.url=http://x/'], {}, { ignored })
    expect(parsed.values['loki.client.timeout']).toBe(3000)
    expect(parsed.warnings).toEqual(['--prometheus.remote.url has no effect: storage prometheus is not selected by STORAGE_TYPE'])
    expect(groups).toHaveLength(1)
  })
})

describe('every storage', () => {
  test.each(storages)('$name has a kind, and its flags belong to nobody else', ({ name, kinds, flags, help }) => {
    expect(kinds.length).toBeGreaterThan(0)
    expect(help).not.toBe('')
    for (const other of storages) {
      if (other.name === name) continue
      expect(Object.keys(other.flags).filter((key) => key in flags)).toEqual([])
    }
  })
})
