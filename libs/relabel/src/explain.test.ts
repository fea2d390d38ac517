import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { compileRelabel } from './compile.ts'
import { explainRelabel } from './explain.ts'
import { parseRelabelConfigs } from './parse.ts'
import { ACTIONS } from './rule.ts'

const rulesOf = (rules: readonly object[]) => parseRelabelConfigs(rules, 'rules')

describe('explainRelabel', () => {
  test('tells of each rule what it changed, and of the last that it dropped', () => {
    const rules = rulesOf([
      { source_labels: ['a'], target_label: 'b', replacement: '$1!' },
      { regex: 'a', action: 'labeldrop' },
      { source_labels: ['b'], regex: 'x!', action: 'drop' },
      { target_label: 'never' },
    ])
    const labels = new Map([['a', 'x']])
    const shown = explainRelabel(rules, labels).map(({ index, before, after, dropped }) => [index, [...before], [...after], dropped])
    expect(shown).toEqual([
      [0, [['a', 'x']], [...both('x', 'x!')], false],
      [1, [...both('x', 'x!')], [['b', 'x!']], false],
      [2, [['b', 'x!']], [['b', 'x!']], true],
    ])
    expect([...labels]).toEqual([['a', 'x']])
  })

  test('no rules, no steps', () => expect(explainRelabel([], new Map([['a', 'x']]))).toEqual([]))

  test('it ends where compileRelabel does, whatever the rules and labels', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 6 }), anyLabels, (items, labels) => {
        const rules = rulesOf(items)
        const compiled = new Map(labels)
        const kept = compileRelabel(rules)(compiled)
        const steps = explainRelabel(rules, new Map(labels))
        const last = steps.at(-1)
        expect(steps.every(({ dropped }, index) => dropped === (!kept && index === steps.length - 1))).toBe(true)
        expect(last === undefined ? labels : [...last.after]).toEqual([...compiled])
        expect(steps.map(({ before }) => before).slice(1)).toEqual(steps.map(({ after }) => after).slice(0, -1))
      }),
    )
  })
})

const both = (a: string, b: string) =>
  new Map([
    ['a', a],
    ['b', b],
  ])

const name = fc.constantFrom('a', 'b', 'c', '__address__', '__proto__', 'Ä')
const value = fc.constantFrom('', 'x', 'y', 'x;y', 'aß', 'Line\nfeed')
const anyLabels = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key })
const regex = fc.constantFrom('(.*)', 'x', '(x|y);?(.*)', '[a-c]', '')
/** Of each action the keys that it takes. */
const anyRule = fc
  .record({
    action: fc.constantFrom(...ACTIONS),
    regex,
    source_labels: fc.array(name, { maxLength: 3 }),
    target_label: name,
    replacement: fc.constantFrom('$1', 'new_$1', 'k'),
    modulus: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ action, ...fields }) => {
    if (action === 'labeldrop' || action === 'labelkeep') return { action, regex: fields.regex }
    if (action === 'keepequal' || action === 'dropequal')
      return { action, source_labels: fields.source_labels, target_label: fields.target_label }
    const { replacement, ...others } = fields
    return action === 'lowercase' || action === 'uppercase' ? { action, ...others } : { action, replacement, ...others }
  })
