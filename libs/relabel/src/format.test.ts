import { describe, expect, test } from 'vitest'

import { formatRelabelRule } from './format.ts'
import { parseRelabelConfigs } from './parse.ts'

describe('formatRelabelRule', () => {
  test.each<[rule: object, shown: string]>([
    [{ source_labels: ['a'], target_label: 'b' }, '{source_labels: [a], target_label: b, action: replace}'],
    [{ source_labels: ['a', 'b'], regex: 'x|y', action: 'keep' }, "{source_labels: [a, b], regex: 'x|y', action: keep}"],
    [
      { source_labels: ['a'], separator: '', modulus: 4, target_label: 's', action: 'hashmod' },
      "{source_labels: [a], separator: '', modulus: 4, target_label: s, action: hashmod}",
    ],
    [{ regex: "it's", action: 'labeldrop' }, "{regex: 'it''s', action: labeldrop}"],
    [{ target_label: 'yes', replacement: 'no' }, "{target_label: 'yes', replacement: 'no', action: replace}"],
    [{ target_label: 'a', replacement: 'one\ntwo' }, '{target_label: a, replacement: "one\\ntwo", action: replace}'],
    [{ target_label: 'a', replacement: '${1}: <b>' }, "{target_label: a, replacement: '${1}: <b>', action: replace}"],
    [{ regex: '123', action: 'labelkeep' }, "{regex: '123', action: labelkeep}"],
  ])('%j', (rule, shown) => {
    const [parsed] = parseRelabelConfigs([rule], 'rules')
    expect(formatRelabelRule(parsed!)).toBe(shown)
  })
})
