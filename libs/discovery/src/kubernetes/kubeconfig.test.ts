import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'

import { parseKubeconfig } from './kubeconfig.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'clymene-kubeconfig-'))
  writeFileSync(join(directory, 'ca.crt'), 'CA OF A FILE')
  writeFileSync(join(directory, 'token'), 'token-of-a-file\n')
})
afterAll(() => rmSync(directory, { recursive: true }))

const text = (cluster: object, user: object = {}, root: object = {}): string =>
  stringify({
    'current-context': 'here',
    contexts: [
      { name: 'there', context: { cluster: 'other', user: 'other' } },
      { name: 'here', context: { cluster: 'k', user: 'u' } },
    ],
    clusters: [{ name: 'k', cluster: { server: 'https://k:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    ...root,
  })
const parsed = (content: string) => parseKubeconfig(content, join(directory, 'config'))
const base64 = (content: string): string => Buffer.from(content).toString('base64')

test('takes the cluster and user of the current context', () => {
  expect(parsed(text({ server: 'https://k:6443/path' }))).toEqual({ url: 'https://k:6443/path', http: {} })
})

test('a context without a user is one without credentials', () => {
  expect(parsed(text({}, {}, { contexts: [{ name: 'here', context: { cluster: 'k' } }], users: [] })).http).toEqual({})
})

test('JSON is YAML', () => {
  const json = {
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a' } }],
    clusters: [{ name: 'a', cluster: { server: 'http://a' } }],
  }
  expect(parsed(JSON.stringify(json)).url).toBe('http://a')
})

describe('whom it trusts and who asks', () => {
  test.each<[what: string, cluster: object, ca: string | undefined]>([
    ['an authority inside', { 'certificate-authority-data': base64('CA INSIDE') }, 'CA INSIDE'],
    ['an authority in a file beside it', { 'certificate-authority': 'ca.crt' }, 'CA OF A FILE'],
    ['both: the one inside', { 'certificate-authority': 'ca.crt', 'certificate-authority-data': base64('CA INSIDE') }, 'CA INSIDE'],
    ['none', {}, undefined],
  ])('%s', (_what, cluster, ca) => {
    expect(parsed(text(cluster)).http.tls?.ca?.read().toString()).toBe(ca)
  })

  test('a client certificate, a name for the server, and no check at all', () => {
    const { tls } = parsed(
      text(
        { 'tls-server-name': 'name', 'insecure-skip-tls-verify': true },
        { 'client-certificate-data': base64('C'), 'client-key-data': base64('K') },
      ),
    ).http
    expect(tls).toMatchObject({ serverName: 'name', skipVerify: true })
    expect([tls?.cert?.read().toString(), tls?.key?.read().toString()]).toEqual(['C', 'K'])
  })

  test.each<[what: string, user: object, credentials: string]>([
    ['a token', { token: 't' }, 't'],
    ['a token in a file beside it', { tokenFile: 'token' }, 'token-of-a-file'],
    ['both: the file, which is kept fresh', { token: 't', tokenFile: 'token' }, 'token-of-a-file'],
  ])('%s', (_what, user, credentials) => {
    const { authorization } = parsed(text({}, user)).http
    expect([authorization?.type, authorization?.credentials()]).toEqual(['Bearer', credentials])
  })

  test('a user name and password', () => {
    const { basic } = parsed(text({}, { username: 'u', password: 'p' })).http
    expect([basic?.username(), basic?.password()]).toEqual(['u', 'p'])
  })
})

describe('mistakes', () => {
  test.each<[what: string, content: () => string, mistake: RegExp]>([
    ['no YAML', () => '{secret-token', /config: is not YAML at line 1, column \d+$/],
    ['no map', () => '- a', /config: expected a kubeconfig, a map with clusters, users and contexts$/],
    [
      'no current context',
      () => text({}, {}, { 'current-context': undefined }),
      /config: current-context: is not set \(contexts: there, here\)$/,
    ],
    [
      'a context that is not there',
      () => text({}, {}, { 'current-context': 'x' }),
      /config: current-context: no "x" \(contexts: there, here\)$/,
    ],
    ['a cluster that is not there', () => text({}, {}, { clusters: [] }), /config: cluster of the context here: no "k" \(clusters: \)$/],
    ['a user that is not there', () => text({}, {}, { users: [] }), /config: user of the context here: no "u" \(users: \)$/],
    ['no server', () => text({ server: '' }), /config: server of the cluster: expected a URL such as https:\/\/host:6443$/],
    ['a proxy of another kind', () => text({ 'proxy-url': 'socks5://p' }), /config: proxy-url: socks5 is not supported, expected http/],
    ['exec', () => text({}, { exec: { command: 'aws' } }), /a program \(exec\), which is not supported: make a service account .* token/],
    ['a plugin', () => text({}, { 'auth-provider': { name: 'gcp' } }), /a program \(auth-provider\), which is not supported/],
    ['somebody else', () => text({}, { as: 'admin' }), /config: as of the user is not supported, give the rights to who asks$/],
    ['two ways', () => text({}, { token: 't', username: 'u' }), /config: the user has a token and a username, give one of them$/],
  ])('%s', (_what, content, mistake) => {
    let mistakes: readonly string[] = []
    try {
      parsed(content())
    } catch (error) {
      if (error instanceof ConfigError) mistakes = error.mistakes
    }
    expect(mistakes).toEqual([expect.stringMatching(mistake)])
    expect(mistakes.join()).not.toContain('secret')
  })
})
