import { describe, expect, test } from 'vitest'

import { type Chosen, interpolate, variablesIn } from './interpolate.ts'

const durations = { __rate_interval: '1m', __interval: '15s', __range: '900s', __auto: '20s' }
const chosen = new Map<string, Chosen>([
  ['cluster', { values: ['a.b'], multi: false }],
  ['pod', { values: ['web-1.x', 'web-2'], multi: true }],
  ['one', { values: ['web-1.x'], multi: true }],
  ['container', { values: ['app'], multi: true, expression: '.+' }],
])

describe('a text with variables', () => {
  test.each([
    ['{cluster="$cluster"}', '{cluster="a.b"}'],
    ['{cluster=~"${cluster:regex}"}', String.raw`{cluster=~"a\\.b"}`],
    ['{pod=~"$pod"}', String.raw`{pod=~"(web-1\\.x|web-2)"}`],
    ['{pod=~"[[pod]]"}', String.raw`{pod=~"(web-1\\.x|web-2)"}`],
    ['{pod=~"$one"}', String.raw`{pod=~"web-1\\.x"}`],
    ['{container=~"$container"}', '{container=~".+"}'],
    ['${pod:csv} ${pod:pipe}', 'web-1.x,web-2 web-1.x|web-2'],
    ['/d/x?${pod:queryparam}', '/d/x?var-pod=web-1.x&var-pod=web-2'],
    ['rate(x[$__rate_interval]) [$__range] [$__auto] [${__interval}]', 'rate(x[1m]) [900s] [20s] [15s]'],
    ['nothing: 5$', 'nothing: 5$'],
  ])('%s', (text, expected) => {
    expect(interpolate(text, chosen, durations)).toBe(expected)
  })

  test.each([
    ['$nowhere', '$nowhere is no variable of the board'],
    ['$__from', '$__from is no variable of the board'],
    ['${pod:sideways}', 'the format sideways is not known here'],
  ])('%s is refused', (text, message) => {
    expect(() => interpolate(text, chosen, durations)).toThrow(message)
  })
})

test('the names of variables in a text, without those of Grafana', () => {
  expect(variablesIn('$a ${b} ${c:regex} [[d]] $__rate_interval ${__url_time_range}')).toEqual(['a', 'b', 'c', 'd'])
})
