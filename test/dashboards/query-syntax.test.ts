import { describe, expect, test } from 'vitest'

import { type Language, parseQuery } from './query-syntax.ts'

describe('a query is read', () => {
  test('PromQL: metrics with their matchers, what they are grouped and joined by, windows', () => {
    const { errors, selectors, ranges } = parseQuery(
      'PromQL',
      'sum by (pod) (rate(a_total{cluster="$cluster",pod=~"$pod"}[$__rate_interval]) * on (namespace) group_left (node) b{x!=""}) / c[5m:1m]',
    )
    expect(errors).toEqual([])
    expect(selectors).toEqual([
      {
        metric: 'a_total',
        matchers: [
          { label: 'cluster', operator: '=', value: '$cluster' },
          { label: 'pod', operator: '=~', value: '$pod' },
        ],
        groupedBy: ['namespace', 'pod'],
      },
      { metric: 'b', matchers: [{ label: 'x', operator: '!=', value: '' }], groupedBy: ['namespace', 'pod'] },
      { metric: 'c', matchers: [], groupedBy: [] },
    ])
    expect(ranges).toContain('$__rate_interval')
    expect(ranges).toContain('5m')
  })

  test('LogQL: streams with their matchers, and windows', () => {
    const query = 'sum by (app) (count_over_time({cluster="$cluster",pod=~"$pod"} |~ `(?i)$filter` [$__auto]))'
    expect(parseQuery('LogQL', query)).toEqual({
      errors: [],
      selectors: [
        {
          metric: '',
          matchers: [
            { label: 'cluster', operator: '=', value: '$cluster' },
            { label: 'pod', operator: '=~', value: '$pod' },
          ],
          groupedBy: [],
        },
      ],
      ranges: ['$__auto'],
    })
  })
})

describe('what is no query is found', () => {
  test.each<readonly [Language, string]>([
    ['PromQL', ''],
    ['PromQL', 'sum(rate(x[5m])'],
    ['PromQL', 'rate(x[5m'],
    ['PromQL', 'x{a="b"'],
    ['PromQL', 'x{a=}'],
    ['PromQL', 'sum by pod (x)'],
    ['PromQL', 'nofunction(x)'],
    ['PromQL', '$undefined'],
    ['LogQL', '{a="b"'],
    ['LogQL', 'count_over_time({a="b"} [5m]'],
    ['LogQL', '{a="b"} |= '],
    ['LogQL', 'up'],
  ])('%s: %s', (language, text) => {
    expect(parseQuery(language, text).errors).not.toEqual([])
  })
})
