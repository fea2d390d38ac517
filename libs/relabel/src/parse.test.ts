import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { parseRelabelConfigs } from './parse.ts'

describe('parseRelabelConfigs', () => {
  test('fills in the defaults', () => {
    const [rule] = parseRelabelConfigs([{ target_label: 'a' }], 'rules')
    expect(rule).toMatchObject({ action: 'replace', sourceLabels: [], separator: ';', replacement: '$1', targetLabel: 'a' })
    expect(rule?.regex.pattern).toBe('(.*)')
  })

  const nothing = [undefined, null, []]
  test.each(nothing)('%j means no rules', (value) => {
    expect(parseRelabelConfigs(value, 'rules')).toEqual([])
  })

  test('null means the default', () => {
    expect(parseRelabelConfigs([{ target_label: 'a', regex: null, separator: null, source_labels: null }], 'rules')).toHaveLength(1)
  })

  const accepted: readonly object[] = [
    { action: 'labeldrop', regex: 'a', separator: ';', replacement: '$1' },
    { action: 'keepequal', source_labels: ['a'], target_label: 'b', regex: '(.*)' },
    { action: 'hashmod', source_labels: ['a'], target_label: 'b', modulus: 8, regex: 'unused' },
    { action: 'keep', source_labels: ['a'], target_label: 'unused' },
    { action: 'REPLACE', target_label: '${1}' },
    { source_labels: ['with space', 'größe'], target_label: '1starts.with/digit' },
  ]
  test.each(accepted)('%j is fine', (rule) => {
    expect(parseRelabelConfigs([rule], 'rules')).toHaveLength(1)
  })

  const refused: readonly [value: unknown, mistakes: readonly string[]][] = [
    ['x', ['rules: expected a list of relabelling rules, found "x"']],
    [{ action: 'keep' }, ['rules: expected a list of relabelling rules, found {"action":"keep"}']],
    [
      [null],
      ['rules[0]: expected a rule with keys of source_labels, separator, regex, modulus, target_label, replacement, action, found null'],
    ],
    [
      [{ action: 'keep', sources: ['a'] }],
      ['rules[0].sources: unknown key (known: source_labels, separator, regex, modulus, target_label, replacement, action)'],
    ],
    [
      [{ action: 'rename', target_label: 'a' }],
      [
        'rules[0].action: "rename" is unknown, expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase',
      ],
    ],
    [[{}], ['rules[0].target_label: action replace needs one']],
    [
      [{ action: '' }],
      [
        'rules[0].action: "" is unknown, expected one of ' +
          'replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase',
      ],
    ],
    ...['lowercase', 'uppercase', 'keepequal', 'dropequal'].map((action): [unknown, string[]] => [
      [{ action, source_labels: ['a'] }],
      [`rules[0].target_label: action ${action} needs one`],
    ]),
    [
      [{ action: 'hashmod', source_labels: ['a'] }],
      ['rules[0].target_label: action hashmod needs one', 'rules[0].modulus: action hashmod needs one that is not 0'],
    ],
    [[{ action: 'hashmod', target_label: 'a', modulus: -1 }], ['rules[0].modulus: expected a whole number from 0, found -1']],
    [[{ action: 'hashmod', target_label: 'a', modulus: 1.5 }], ['rules[0].modulus: expected a whole number from 0, found 1.5']],
    [[{ action: 'hashmod', target_label: 'a', modulus: '8' }], ['rules[0].modulus: expected a whole number from 0, found "8"']],
    [
      [{ action: 'labelmap', regex: 'a', replacement: '' }],
      ['rules[0].replacement: action labelmap makes label names of it: it must not be empty'],
    ],
    ...['lowercase', 'uppercase'].map((action): [unknown, string[]] => [
      [{ action, source_labels: ['a'], target_label: 'b', replacement: 'x' }],
      [`rules[0].replacement: action ${action} takes only source_labels, separator, regex, modulus, target_label`],
    ]),
    [
      [{ action: 'keepequal', source_labels: ['a'], target_label: 'b', regex: 'x', separator: ',', replacement: 'y', modulus: 2 }],
      ['separator', 'regex', 'modulus', 'replacement'].map(
        (key) => `rules[0].${key}: action keepequal takes only source_labels, target_label`,
      ),
    ],
    ...['labeldrop', 'labelkeep'].map((action): [unknown, string[]] => [
      [{ action, regex: 'x', source_labels: ['a'], target_label: 'b', replacement: 'y', separator: ',', modulus: 1 }],
      ['source_labels', 'separator', 'modulus', 'target_label', 'replacement'].map(
        (key) => `rules[0].${key}: action ${action} takes only regex`,
      ),
    ]),
    [[{ action: 'keep', regex: 'a(' }], ['rules[0].regex "a(": missing closing ) ("a(") at position 0']],
    [[{ action: 'keep', regex: ['a'] }], ['rules[0].regex: expected text, found ["a"]']],
    [[{ action: 'keep', source_labels: 'a' }], ['rules[0].source_labels: expected a list of label names, found "a"']],
    [[{ action: 'keep', source_labels: ['a', ''] }], ['rules[0].source_labels[1]: a label name must not be empty']],
    [
      [{ action: 'keep', regex: '[' }, { target_label: 'ok' }, { action: 'labelkeep', target_label: 'x', regex: 'a' }],
      ['rules[0].regex "[": missing closing ] ("[") at position 0', 'rules[2].target_label: action labelkeep takes only regex'],
    ],
  ]
  test.each(refused)('%j is refused', (value, mistakes) => {
    expect(mistakesOf(() => parseRelabelConfigs(value, 'rules'))).toEqual(mistakes)
  })
})

function mistakesOf(call: () => unknown): readonly string[] {
  try {
    call()
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}
