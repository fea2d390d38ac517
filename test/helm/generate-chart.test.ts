import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { root } from '../manifests/manifest-files.ts'
import { generate } from './generate-chart.ts'
import { valueRows, valuesLists } from './values-page.ts'

test.each([...generate()])('%s is what it is made from (npm run chart)', (path, text) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text)
})

// What templates/_objects.tpl replaces: it would be silent when there is nothing to replace.
test.each([
  ['clymene.yml', 'replacement: "clymene-cluster"', 1],
  ['clymene.yml', 'names: [clymene]', 1],
  ['clymene.yml', 'label: app=node-exporter', 1],
  ['clymene.yml', '\n  - job_name: node-exporter\n', 1],
  ['clymene.yml', '\n  - job_name: kube-state-metrics\n', 1],
  ['clymene.yml', 'kube-state-metrics.kube-system.svc:8080', 1],
  ['promtail.yaml', 'replacement: "clymene-cluster"', 1],
  ['journal.yaml', 'replacement: ', 0],
])('%s has "%s" %i times', (file, text, times) => {
  expect(readFileSync(join(root, 'k8s/helm/clymene/files', file), 'utf8').split(text)).toHaveLength(times + 1)
})

describe('rows of values', () => {
  test('of values, sections and maps that are one value, lists left alone', () => {
    const text = [
      '# A.',
      'a: 1',
      '',
      '# Nobody’s.',
      '',
      '# B,',
      '#   more.',
      'b:',
      '  # C.',
      '  c: { d: 1 }',
      '  # E.',
      '  e:',
      '    - f: 1',
      '      g: 2',
      '  h:',
      '    # I.',
      "    i: ''",
      '',
    ]
    expect(
      valueRows(text.join('\n')).map(({ path, value, isSection, comment }) => [path.join('.'), isSection ? 'section' : value, comment]),
    ).toEqual([
      ['a', 1, 'A.'],
      ['b', 'section', 'B, more.'],
      ['b.c', { d: 1 }, 'C.'],
      ['b.e', [{ f: 1, g: 2 }], 'E.'],
      ['b.h.i', '', 'I.'],
    ])
  })

  test.each([
    ['a: 1\n', 'no comment on a'],
    ['# A.\na: 1\nb:\n  # C.\n  c: 1\n', 'no comment on b'],
    ['# A.\na:\n  # B.\n  b: 1\n  c: 1\n', 'no comment on a.c'],
  ])('%j: %s', (text, told) => {
    expect(() => valueRows(text)).toThrow(told)
  })

  test('as lists', () => {
    const text = '# A.\na: 1\n\n# S.\ns:\n  # One <two>.\n  l: [a, b]\n'
    expect(valuesLists(valueRows(text)).split('\n')).toEqual(['- `a` = `1`: A.', '', '**s**: S.', '', '- `s.l` = `[ a, b ]`: One \\<two>.'])
  })
})
