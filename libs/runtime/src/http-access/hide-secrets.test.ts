import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { hideSecrets } from './hide-secrets.ts'
import { basicCredentials } from './http-access.ts'

describe('hideSecrets', () => {
  test.each<[text: string, headers: Record<string, string>, shown: string]>([
    ['unknown token abcd', { authorization: 'Bearer abcd' }, 'unknown token ***'],
    ['abcd, abcd', { authorization: 'abcd' }, '***, ***'],
    ['wrong key abcd', { 'x-key': 'abcd' }, 'wrong key ***'],
    ['joe may not, nor abcd', { authorization: basicCredentials('joe', 'abcd') }, 'joe may not, nor ***'],
    ['joe:abcd', { authorization: basicCredentials('joe', 'abcd') }, '***'],
    [`got ${basicCredentials('joe', 'abcd')}`, { authorization: basicCredentials('joe', 'abcd') }, 'got Basic ***'],
    ['abcdef abcd', { 'x-a': 'abcd', 'x-b': 'abcdef' }, '*** ***'],
    ['an A is no secret', { 'x-a': 'A' }, 'an A is no secret'],
    ['nothing was sent', {}, 'nothing was sent'],
  ])('%s with %j', (text, headers, shown) => expect(hideSecrets(text, headers)).toBe(shown))

  test('whatever the secret, wherever it stands', () => {
    const secret = fc.stringMatching(/^[!-)+-~]{4,30}$/)
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (text, before, after) => {
        for (const authorization of [`Bearer ${text}`, basicCredentials('u', text)])
          expect(hideSecrets(`${before}${text}${after}`, { authorization })).not.toContain(text)
      }),
    )
  })
})
