import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { parseTokensFile } from './tokens-file.ts'
import { sha256 } from './tokens.ts'

const LONG = 'abcdefghijklmnop'
const HASH = sha256(LONG).toString('hex')

describe('what is read', () => {
  const grants = (text: string) => parseTokensFile(text, 't.yml').entries.map(({ grant }) => grant)
  test.each([
    { name: 'a token alone', text: `tokens: [{token: ${LONG}}]`, grant: { name: 'token-1', cluster: undefined, tenant: undefined } },
    {
      name: 'of a cluster, which names it',
      text: `tokens: [{token: ${LONG}, cluster: c1}]`,
      grant: { name: 'c1', cluster: 'c1', tenant: undefined },
    },
    {
      name: 'everything',
      text: `tokens:\n  - name: shop\n    sha256: ${HASH}\n    cluster: c1\n    tenant: team-a\n`,
      grant: { name: 'shop', cluster: 'c1', tenant: 'team-a' },
    },
    {
      name: 'a name of digits',
      text: `tokens: [{token: ${LONG}, cluster: 007}]`,
      grant: { name: '007', cluster: '007', tenant: undefined },
    },
    {
      name: 'null as absent',
      text: `tokens: [{token: ${LONG}, name: }]`,
      grant: { name: 'token-1', cluster: undefined, tenant: undefined },
    },
  ])('$name', ({ text, grant }) => {
    expect(grants(text)).toEqual([grant])
  })

  test('a token and its hash are the same, in capitals too; only the hash is no secret', () => {
    const plain = parseTokensFile(`tokens: [{token: ${LONG}}]`, 't.yml')
    const hashed = parseTokensFile(`tokens: [{sha256: ${HASH.toUpperCase()}}]`, 't.yml')
    expect(plain.entries[0]?.sha256).toEqual(hashed.entries[0]?.sha256)
    expect([plain.isSecret, hashed.isSecret]).toEqual([true, false])
  })

  test('digits alone are a token as they stand', () => {
    const [entry] = parseTokensFile('tokens: [{token: 01234567890123456789}]', 't.yml').entries
    expect(entry?.sha256).toEqual(sha256('01234567890123456789'))
  })

  test('a sender whose token is being changed has two under one name', () => {
    expect(grants(`tokens: [{token: ${LONG}1, cluster: c1}, {token: ${LONG}2, cluster: c1}]`).map(({ name }) => name)).toEqual(['c1', 'c1'])
  })
})

describe('mistakes, each with its line', () => {
  const mistakes: { name: string; text: string; told: readonly string[] }[] = [
    { name: 'nothing', text: '', told: ['t.yml:1: expected tokens: with a list'] },
    { name: 'a list at the top', text: `- token: ${LONG}`, told: ['t.yml:1: expected tokens: with a list'] },
    { name: 'no list', text: 'tokens: {}', told: ['t.yml:1: expected tokens: with a list'] },
    { name: 'an empty list', text: 'tokens: []', told: ['t.yml:1: tokens: expected at least one, nobody could write'] },
    { name: 'no YAML', text: `tokens:\n  - token: "${LONG}`, told: [expect.stringMatching(/^t\.yml:2: not YAML \([A-Z_]+\)$/)] },
    {
      name: 'a token without its key',
      text: `tokens:\n  - ${LONG}`,
      told: ['t.yml:2: tokens[0]: expected a map with token or sha256'],
    },
    {
      name: 'unknown keys',
      text: `tokens:\n  - token: ${LONG}\n    clusters: c1\nusers: []`,
      told: [
        't.yml:4: users: unknown key, expected tokens',
        't.yml:3: tokens[0].clusters: unknown key, expected one of token, sha256, name, cluster, tenant',
      ],
    },
    {
      name: 'a token as a key',
      text: `tokens:\n  - ${LONG}:`,
      told: [
        't.yml:2: tokens[0].(key): unknown key, expected one of token, sha256, name, cluster, tenant',
        't.yml:2: tokens[0]: expected either token or sha256',
      ],
    },
    {
      name: 'a short token',
      text: 'tokens: [{token: abcdefghijklmno}]',
      told: ['t.yml:1: tokens[0].token: expected 16 to 4096 characters of ASCII without blanks'],
    },
    {
      name: 'a token with a blank',
      text: `tokens: [{token: a ${LONG}}]`,
      told: ['t.yml:1: tokens[0].token: expected 16 to 4096 characters of ASCII without blanks'],
    },
    { name: 'no hash', text: `tokens: [{sha256: ${HASH}0}]`, told: ['t.yml:1: tokens[0].sha256: expected 64 hexadecimal digits'] },
    {
      name: 'token and hash',
      text: `tokens: [{token: ${LONG}, sha256: ${HASH}}]`,
      told: ['t.yml:1: tokens[0]: expected either token or sha256'],
    },
    { name: 'neither', text: 'tokens: [{cluster: c1}]', told: ['t.yml:1: tokens[0]: expected either token or sha256'] },
    { name: 'a list as cluster', text: `tokens: [{token: ${LONG}, cluster: [c1]}]`, told: ['t.yml:1: tokens[0].cluster: expected text'] },
    {
      name: 'an empty cluster',
      text: `tokens: [{token: ${LONG}, cluster: ''}]`,
      told: ['t.yml:1: tokens[0].cluster: expected 1 to 128 characters'],
    },
    {
      name: 'a token twice',
      text: `tokens:\n  - token: ${LONG}\n  - sha256: ${HASH}`,
      told: ['t.yml:3: tokens[1]: the token of tokens[0] again'],
    },
    {
      name: 'a name of two senders',
      text: `tokens:\n  - {token: ${LONG}1, name: a, cluster: c1}\n  - {token: ${LONG}2, name: a, cluster: c2}`,
      told: ['t.yml:3: tokens[1]: has the name of tokens[0] and another cluster or tenant'],
    },
    { name: 'a key twice', text: `tokens:\n  - token: ${LONG}\n    token: ${LONG}`, told: ['t.yml:3: not YAML (DUPLICATE_KEY)'] },
  ]
  test.each(mistakes)('$name', ({ text, told }) => {
    let thrown: unknown
    try {
      parseTokensFile(text, 't.yml')
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigError)
    expect(thrown).toMatchObject({ mistakes: told })
    // What was found may be a secret.
    expect(String(thrown)).not.toContain('abcdefghij')
  })
})
