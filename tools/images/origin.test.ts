import { describe, expect, test } from 'vitest'

import { originOf, withoutCredentials } from './origin.ts'

describe('the address of a remote, for everybody to read', () => {
  test.each([
    ['https://github.com/a/b.git', 'https://github.com/a/b'],
    ['https://user:token@git.example.com/a/b', 'https://git.example.com/a/b'],
    ['ssh://git@git.example.com/a/b.git', 'https://git.example.com/a/b'],
    ['git@github.com:a/b.git', 'https://github.com/a/b'],
    ['/srv/git/clymene', ''],
    ['../clymene', ''],
    ['', ''],
  ])('%s', (remote, expected) => {
    expect(withoutCredentials(remote)).toBe(expected)
  })
})

describe('where an image comes from', () => {
  const git =
    (edited: string) =>
    (_program: string, [word]: readonly string[]) => ({
      status: 0,
      output: word === 'rev-parse' ? 'abc\n' : word === 'status' ? edited : 'git@h:a/b.git\n',
    })
  const NOW = new Date('2027-01-15T08:00:00.123Z')

  test.each<[title: string, edited: string, env: Readonly<Record<string, string>>, expected: Readonly<Record<string, string>>]>([
    ['a commit', '', {}, { revision: 'abc', source: 'https://h/a/b', buildTime: '2027-01-15T08:00:00Z' }],
    ['edited sources', ' M x.ts\n', {}, { revision: 'abc-dirty' }],
    ['a workflow', '', { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'o/r' }, { source: 'https://github.com/o/r' }],
    ['a build that can be repeated', '', { SOURCE_DATE_EPOCH: '0' }, { buildTime: '1970-01-01T00:00:00Z' }],
  ])('%s', (_title, edited, env, expected) => {
    expect(originOf('1.0.0', git(edited), env, NOW)).toMatchObject({ version: '1.0.0', ...expected })
  })

  test('no git, no repository: empty', () => {
    expect(originOf('1.0.0', () => ({ status: undefined, output: '' }), {}, NOW)).toMatchObject({ revision: '', source: '' })
  })
})
