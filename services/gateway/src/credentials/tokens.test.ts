import { describe, expect, test } from 'vitest'

import { grantOf, presentedToken, sha256, type Grant } from './tokens.ts'

const grant = (name: string): Grant => ({ name, cluster: undefined, tenant: undefined })
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

describe('a token is presented', () => {
  const presented: { name: string; authorization: string | undefined; token: string | undefined }[] = [
    { name: 'as bearer', authorization: 'Bearer abc', token: 'abc' },
    { name: 'the scheme in any case', authorization: 'bEARER abc', token: 'abc' },
    { name: 'as password of any user', authorization: basic('fluent:abc'), token: 'abc' },
    { name: 'as password of no user', authorization: basic(':abc'), token: 'abc' },
    { name: 'a password with a colon', authorization: basic('u:a:b'), token: 'a:b' },
    { name: 'not at all', authorization: undefined, token: undefined },
    { name: 'as nothing', authorization: 'Bearer ', token: undefined },
    { name: 'without a scheme', authorization: 'abc', token: undefined },
    { name: 'by a scheme that has none', authorization: 'Digest abc', token: undefined },
    { name: 'as an empty password', authorization: basic('abc:'), token: undefined },
    { name: 'as a user', authorization: basic('abc'), token: undefined },
    { name: 'as two', authorization: 'Bearer abc def', token: undefined },
  ]
  test.each(presented)('$name', ({ authorization, token }) => {
    expect(presentedToken(authorization)).toBe(token)
  })
})

test('the grant is that of the entry with the whole token, wherever it stands', () => {
  const entries = ['one', 'two', 'three'].map((name) => ({ sha256: sha256(`token of ${name}`), grant: grant(name) }))
  for (const name of ['one', 'two', 'three']) expect(grantOf(entries, `token of ${name}`)?.name).toBe(name)
  for (const other of ['', 'token of on', 'token of one ', 'TOKEN OF ONE', sha256('token of one').toString('hex')])
    expect(grantOf(entries, other)).toBeUndefined()
})
