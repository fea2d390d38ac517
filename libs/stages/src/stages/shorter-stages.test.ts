import { describe, expect, test } from 'vitest'

import { createLabelSet } from '../label-set.ts'
import { countDropped, entryOf, pipelineOf, runStages } from '../run-stages.test-kit.ts'

const jsonOf = (...names: readonly string[]): object => ({ json: { expressions: Object.fromEntries(names.map((name) => [name, null])) } })

describe('pack, tenant, truncate, luhn, label_keep', () => {
  const cases: readonly [name: string, stages: readonly unknown[], lines: readonly string[], expected: readonly string[]][] = [
    [
      'pack',
      [{ static_labels: { b: 'x"', a: 'y' } }, { pack: { labels: ['b', 'a', 'none'], ingest_timestamp: false } }],
      ['l"'],
      ['5 |{"a":"y","b":"x\\"","_entry":"l\\""}'],
    ],
    ['pack: extracted values', [jsonOf('n'), { pack: { labels: ['n'] } }], ['{"n":1}'], ['5 |{"n":"1","_entry":"{\\"n\\":1}"}']],
    ['pack: nothing to pack', [{ pack: {} }], ['l'], ['5 |{"_entry":"l"}']],
    [
      'pack: __proto__ is a label',
      [{ static_labels: new Map([['__proto__', 'p']]) }, { pack: { labels: ['__proto__'] } }],
      ['l'],
      ['5 |{"__proto__":"p","_entry":"l"}'],
    ],
    [
      'pack: the time of reading stays',
      [jsonOf('t'), { timestamp: { source: 't', format: 'UnixNs' } }, { pack: { ingest_timestamp: false } }],
      ['{"t":"9"}'],
      ['9 |{"_entry":"{\\"t\\":\\"9\\"}"}'],
    ],
    [
      'pack: or becomes the present',
      [jsonOf('t'), { timestamp: { source: 't', format: 'UnixNs' } }, { pack: {} }],
      ['{"t":"9"}'],
      ['5 |{"_entry":"{\\"t\\":\\"9\\"}"}'],
    ],

    ['tenant: value', [{ tenant: { value: 't' } }], ['l'], ['5 __tenant_id__=t|l']],
    ['tenant: source', [jsonOf('t'), { tenant: { source: 't' } }], ['{"t":"a"}', '{}'], ['5 __tenant_id__=a|{"t":"a"}', '5 |{}']],
    ['tenant: label', [{ static_labels: { team: 'a' } }, { tenant: { label: 'team' } }], ['l'], ['5 __tenant_id__=a,team=a|l']],
    ['tenant: no such label', [{ tenant: { label: 'team' } }], ['l'], ['5 |l']],

    [
      'truncate: the line',
      [{ truncate: { rules: [{ limit: 5 }] } }, { labels: { truncated: null } }],
      ['12345', '123456', '가나'],
      ['5 |12345', '5 truncated=line|12345', '5 truncated=line|가'],
    ],
    ['truncate: with a suffix', [{ truncate: { rules: [{ limit: '5B', suffix: '..' }] } }], ['12345', '123456'], ['5 |12345', '5 |123..']],
    [
      'truncate: labels and extracted values',
      [
        jsonOf('a', 'b'),
        { labels: { a: null, b: null } },
        {
          truncate: {
            rules: [
              { limit: 2, source_type: 'label', sources: ['a'] },
              { limit: 1, source_type: 'extracted' },
            ],
          },
        },
        { labels: { c: 'b', truncated: null } },
      ],
      ['{"a":"xyz","b":"xyz"}'],
      ['5 a=xy,b=xyz,c=x,truncated=extracted,label|{"a":"xyz","b":"xyz"}'],
    ],
    [
      'truncate: of stages before is kept',
      [
        { truncate: { rules: [{ limit: 2 }] } },
        { truncate: { rules: [{ limit: 1, source_type: 'label' }] } },
        { labels: { truncated: null } },
      ],
      ['abc'],
      ['5 truncated=line|ab'],
    ],

    [
      'luhn',
      [{ luhn: {} }],
      ['card 4539148803436467 x', 'card 4539148803436468', '79927398713'],
      ['5 |card **REDACTED** x', '5 |card 4539148803436468', '5 |79927398713'],
    ],
    ['luhn: min_length', [{ luhn: { min_length: 11, replacement: '#' } }], ['a79927398713b'], ['5 |a#b']],
    [
      'luhn: delimiters',
      [{ luhn: { delimiters: ' -' } }],
      ['4539 1488-0343 6467 - ok', '4539.1488.0343.6467'],
      ['5 |**REDACTED** - ok', '5 |4539.1488.0343.6467'],
    ],
    ['luhn: delimiters are plain characters', [{ luhn: { delimiters: '^]\\-' } }], ['4539^1488]0343\\64-67'], ['5 |**REDACTED**']],
    [
      'luhn: a source becomes the line',
      [jsonOf('c'), { luhn: { source: 'c' } }],
      ['{"c":"4539148803436467"}', '{}'],
      ['5 |**REDACTED**', '5 |{}'],
    ],
    ['luhn: no card has so many digits', [{ luhn: {} }], ['0'.repeat(20)], [`5 |${'0'.repeat(20)}`]],

    [
      'label_keep',
      [{ static_labels: { a: 'x', b: 'y', __tenant_id__: 't' } }, { label_keep: { values: ['a', 'job'] } }],
      ['l'],
      ['5 __tenant_id__=t,a=x|l'],
    ],
  ]
  test.each(cases)('%s', (_, stages, lines, expected) => {
    expect(runStages(stages, lines)).toEqual(expected)
  })

  test('truncate cuts structured metadata', () => {
    const pipeline = pipelineOf([{ truncate: { rules: [{ limit: 2, source_type: 'structured_metadata', sources: ['a'] }] } }])
    const metadata = new Map([
      ['a', 'xyz'],
      ['b', 'xyz'],
    ])
    pipeline.push({ ...entryOf('l'), metadata })
    expect(metadata).toEqual(
      new Map([
        ['a', 'xy'],
        ['b', 'xyz'],
      ]),
    )
  })

  test('label_keep leaves other sets of labels alone', () => {
    const pipeline = pipelineOf([{ label_keep: { values: ['a'] } }])
    const [kept] = pipeline.push(entryOf('l', createLabelSet([['a', '1']])))
    expect(kept?.labels.labels).toEqual([['a', '1']])
  })
})

describe('sampling', () => {
  test.each([
    [0, 0],
    [0.25, 25],
    ['0.5', 50],
    [1, 100],
  ])('rate %s keeps %i of 100', (rate, kept) => {
    let number = 0
    const { dropped, counts } = countDropped()
    const lines = Array.from({ length: 100 }, String)
    expect(runStages([{ sampling: { rate } }], lines, { dropped, random: () => number++ / 100 })).toHaveLength(kept)
    expect(counts.get('sampling_stage') ?? 0).toBe(100 - kept)
  })
})
