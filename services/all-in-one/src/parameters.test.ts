import { QueryError } from '@clymene/storages'
import { describe, expect, test } from 'vitest'

import { createParameters, type Parameters } from './parameters.ts'

/** What is read, then what `finish` says; '' when it is content. */
function reading<T>(query: unknown, read: (parameters: Parameters) => T): { readonly value: T; readonly mistakes: string } {
  const parameters = createParameters(query)
  const value = read(parameters)
  try {
    parameters.finish()
    return { value, mistakes: '' }
  } catch (error) {
    expect(error).toBeInstanceOf(QueryError)
    return { value, mistakes: error instanceof Error ? error.message : '' }
  }
}

describe('what is given', () => {
  const cases: readonly [title: string, query: unknown, read: (parameters: Parameters) => unknown, value: unknown][] = [
    ['a required text', { name: 'up' }, ({ required }) => required('name'), 'up'],
    ['an optional text', { text: 'x' }, ({ optional }) => optional('text'), 'x'],
    ['an optional text that is not there', {}, ({ optional }) => optional('text'), undefined],
    ['a list', { by: 'a,b' }, ({ list }) => list('by'), ['a', 'b']],
    ['an empty list', { by: '' }, ({ list }) => list('by'), []],
    ['no list', {}, ({ list }) => list('by'), undefined],
    ['a number', { limit: '5' }, ({ integer }) => integer('limit', 100, 1, 10), 5],
    ['the largest number', { limit: '10' }, ({ integer }) => integer('limit', 100, 1, 10), 10],
    ['a number that is not there', {}, ({ integer }) => integer('limit', 100, 1, 10), 100],
    ['an optional number', { from: '0' }, ({ optionalInteger }) => optionalInteger('from'), 0],
    ['an optional number that is not there', {}, ({ optionalInteger }) => optionalInteger('from'), undefined],
    ['one of some', { fn: 'rate' }, ({ oneOf }) => oneOf('fn', ['last', 'rate'], 'last'), 'rate'],
    ['none of some', {}, ({ oneOf }) => oneOf('fn', ['last', 'rate'], 'last'), 'last'],
    ['matchers', { match: 'a="b"' }, ({ matchers }) => matchers('match'), [{ name: 'a', op: '=', value: 'b' }]],
    ['no matchers', {}, ({ matchers }) => matchers('match'), []],
    ['no query at all', undefined, ({ optional }) => optional('text'), undefined],
  ]
  test.each(cases)('%s', (_title, query, read, value) => {
    expect(reading(query, read)).toEqual({ value, mistakes: '' })
  })
})

describe('what is wrong', () => {
  const cases: readonly [title: string, query: unknown, read: (parameters: Parameters) => unknown, mistake: string][] = [
    ['a required text is missing', {}, ({ required }) => required('name'), 'name: expected a value'],
    ['a required text is empty', { name: '' }, ({ required }) => required('name'), 'name: expected a value'],
    ['letters', { limit: 'x' }, ({ integer }) => integer('limit', 1, 1, 9), 'limit="x": expected a whole number between 1 and 9'],
    ['too small', { limit: '0' }, ({ integer }) => integer('limit', 1, 1, 9), 'limit="0": expected a whole number between 1 and 9'],
    ['too large', { limit: '10' }, ({ integer }) => integer('limit', 1, 1, 9), 'limit="10": expected a whole number between 1 and 9'],
    ['negative', { limit: '-1' }, ({ integer }) => integer('limit', 1, 0, 9), 'limit="-1": expected a whole number between 0 and 9'],
    ['a fraction', { limit: '1.5' }, ({ integer }) => integer('limit', 1, 0, 9), 'limit="1.5": expected a whole number between 0 and 9'],
    ['an exponent', { limit: '1e1' }, ({ integer }) => integer('limit', 1, 0, 99), 'limit="1e1": expected a whole number between 0 and 99'],
    [
      'an empty number',
      { from: '' },
      ({ optionalInteger }) => optionalInteger('from'),
      'from="": expected a whole number between 0 and 9007199254740991',
    ],
    [
      'an optional number below its least',
      { window: '0' },
      ({ optionalInteger }) => optionalInteger('window', 1),
      'window="0": expected a whole number between 1 and 9007199254740991',
    ],
    ['not one of some', { fn: 'avg' }, ({ oneOf }) => oneOf('fn', ['last', 'rate'], 'last'), 'fn="avg": expected one of last, rate'],
    ['bad matchers', { match: 'a' }, ({ matchers }) => matchers('match'), 'match: expected name="value" (or !=, =~, !~) at "a"'],
    ['unknown', { nmae: 'up' }, ({ optional }) => optional('name'), 'nmae: unknown parameter, expected name'],
    ['given twice', { name: ['a', 'b'] }, ({ required }) => required('name'), 'name: given 2 times, expected once'],
  ]
  test.each(cases)('%s', (_title, query, read, mistake) => {
    expect(reading(query, read).mistakes).toBe(mistake)
  })

  test('all at once', () => {
    const { mistakes } = reading({ limit: 'x', fn: 'avg', other: '1' }, ({ required, integer, oneOf }) => [
      required('name'),
      integer('limit', 1, 1, 9),
      oneOf('fn', ['last'], 'last'),
    ])
    expect(mistakes.split('; ')).toEqual([
      'name: expected a value',
      'limit="x": expected a whole number between 1 and 9',
      'fn="avg": expected one of last',
      'other: unknown parameter, expected name, limit, fn',
    ])
  })
})
