import { expect, test } from 'vitest'

import { createHttpAccess, NO_ACCESS, type HttpAccessOptions } from './http-access.ts'
import { secretText as text } from './secret.ts'

test.each<[name: string, options: HttpAccessOptions, headers: Readonly<Record<string, string>>]>([
  ['nothing', {}, {}],
  ['basic', { basic: { username: text('u'), password: text('p') } }, { authorization: 'Basic dTpw' }],
  [
    'basic in UTF-8 (the example of RFC 7617 §2.1)',
    { basic: { username: text('test'), password: text('123£') } },
    { authorization: 'Basic dGVzdDoxMjPCow==' },
  ],
  ['bearer', { authorization: { type: 'Bearer', credentials: text('t') } }, { authorization: 'Bearer t' }],
  ['another type', { authorization: { type: 'Token', credentials: text('t') } }, { authorization: 'Token t' }],
  ['a type alone', { authorization: { type: 'Negotiate', credentials: text('') } }, { authorization: 'Negotiate' }],
  ['UTF-8, a character for each byte', { headers: new Map([['x-a', text('é')]]) }, { 'x-a': 'Ã©' }],
  [
    'several',
    {
      headers: new Map([['x-a', text('1')]]),
      currentHeaders: () => new Map([['x-b', '2']]),
      authorization: { type: 'Bearer', credentials: text('t') },
    },
    { 'x-a': '1', 'x-b': '2', authorization: 'Bearer t' },
  ],
])('%s', (_name, options, headers) => {
  expect(createHttpAccess(options).headers()).toEqual(headers)
})

test('credentials are asked for each time', () => {
  let token = 'one'
  const access = createHttpAccess({ authorization: { type: 'Bearer', credentials: () => token } })
  expect(access.headers()).toEqual({ authorization: 'Bearer one' })
  token = 'two'
  expect(access.headers()).toEqual({ authorization: 'Bearer two' })
})

test.each<[name: string, options: HttpAccessOptions, header: string]>([
  ['a token of two lines', { authorization: { type: 'Bearer', credentials: text('hidden\nX: y') } }, 'authorization'],
  ['a header with NUL', { headers: new Map([['x-a', text('hidden\0')]]) }, 'x-a'],
])('%s is an error that does not show it', (_name, options, header) => {
  const { headers } = createHttpAccess(options)
  expect(headers).toThrow(`the header ${header} would hold a line end or control character`)
  expect(headers).not.toThrow('hidden')
})

test('a line end is no matter in a password: it is in base64', () => {
  expect(createHttpAccess({ basic: { username: text('u'), password: text('a\nb') } }).headers()).toEqual({
    authorization: 'Basic dTphCmI=',
  })
})

test('without TLS of its own there is nothing to connect with', () => {
  expect(createHttpAccess({})).toMatchObject({ connect: undefined, tls: undefined })
  expect(NO_ACCESS.headers()).toEqual({})
})
