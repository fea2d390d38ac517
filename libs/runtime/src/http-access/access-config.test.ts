import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { issue } from '../testing/certificates.ts'
import { HTTP_ACCESS_KEYS, parseHttpAccess, type HttpAccessConfig } from './access-config.ts'
import { createHttpAccess } from './http-access.ts'

const parse = (fields: object, directory = '/etc/clymene'): HttpAccessConfig =>
  parseHttpAccess(new Map(Object.entries(fields)), 'jobs[0]', { directory })
const headersOf = (fields: object) => createHttpAccess(parse(fields)).headers()

function mistakesOf(fields: object): readonly string[] {
  try {
    parse(fields)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

const basic = (pair: string): object => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const authority = issue('authority')
const client = issue('client', { by: authority })

test.each([
  ['yes', true],
  ['On', true],
  ['no', false],
  ['OFF', false],
])('%s is a boolean to the YAML of Prometheus', (word, expected) => {
  expect(parse({ follow_redirects: word }).followRedirects).toBe(expected)
})

test('nothing', () => {
  expect(parse({})).toEqual({ followRedirects: true, http2: true })
  expect(parse({ role: 'node', tls_config: null, basic_auth: null, http_headers: {}, enable_http2: false })).toEqual({
    followRedirects: true,
  })
})

describe('credentials', () => {
  test.each<[name: string, fields: object, headers: object]>([
    ['basic', { basic_auth: { username: 'u', password: 'p' } }, basic('u:p')],
    ['basic in UTF-8', { basic_auth: { username: 'jürgen', password: 'geheim€' } }, basic('jürgen:geheim€')],
    ['basic without a password', { basic_auth: { username: 'u' } }, basic('u:')],
    ['basic without a user', { basic_auth: { password: 'p' } }, basic(':p')],
    ['numbers', { basic_auth: { username: 1, password: 23 } }, basic('1:23')],
    ['bearer_token', { bearer_token: 't' }, { authorization: 'Bearer t' }],
    ['authorization', { authorization: { credentials: 't' } }, { authorization: 'Bearer t' }],
    ['authorization of another type', { authorization: { type: ' Token ', credentials: 't' } }, { authorization: 'Token t' }],
    ['authorization of an empty type', { authorization: { type: '', credentials: 't' } }, { authorization: 'Bearer t' }],
    ['headers', { http_headers: { 'X-A': { values: ['1', 2] }, 'x-b': { secrets: ['s'] } } }, { 'x-a': '1, 2', 'x-b': 's' }],
    ['headers whose names differ in case', { http_headers: { A: { values: ['1'] }, a: { secrets: ['2'] } } }, { a: '1, 2' }],
    ['headers beside credentials', { bearer_token: 't', http_headers: { a: { values: ['1'] } } }, { authorization: 'Bearer t', a: '1' }],
    ['a header without a value', { http_headers: { a: { values: [] } } }, {}],
    ['Map as YAML may give it', { basic_auth: new Map([['username', 'u']]) }, basic('u:')],
    [
      'empty texts are absent',
      { bearer_token: '', bearer_token_file: '', authorization: { credentials: 't', credentials_file: '' } },
      { authorization: 'Bearer t' },
    ],
  ])('%s', (_name, fields, headers) => {
    expect(headersOf(fields)).toEqual(headers)
  })

  test('of files beside the configuration, or at their own place', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clymene-access-'))
    try {
      for (const name of ['u', 'p', 't', 'h']) writeFileSync(join(folder, name), `${name} of the file\n`)
      const ofFiles = (fields: object) => createHttpAccess(parse(fields, folder)).headers()
      expect(ofFiles({ basic_auth: { username_file: 'u', password_file: './p' } })).toEqual(basic('u of the file:p of the file'))
      expect(ofFiles({ bearer_token_file: join(folder, 't') })).toEqual({ authorization: 'Bearer t of the file' })
      expect(ofFiles({ authorization: { type: 'X', credentials_file: 't' } })).toEqual({ authorization: 'X t of the file' })
      expect(ofFiles({ http_headers: { a: { values: ['v'], files: ['h'] } } })).toEqual({ a: 'v, h of the file' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('tls_config', () => {
  test('every key', () => {
    const { tls } = parse({
      tls_config: {
        ca_file: 'ca.crt',
        cert_file: '/tls/cert.crt',
        key_file: '../key',
        server_name: 'a.b',
        insecure_skip_verify: true,
        min_version: 'TLS10',
        max_version: 'TLS13',
      },
    })
    expect({ ca: tls?.ca?.path, cert: tls?.cert?.path, key: tls?.key?.path }).toEqual({
      ca: '/etc/clymene/ca.crt',
      cert: '/tls/cert.crt',
      key: '/etc/key',
    })
    expect(tls).toMatchObject({ serverName: 'a.b', skipVerify: true, minVersion: 'TLSv1', maxVersion: 'TLSv1.3' })
  })

  test('PEM in the configuration', () => {
    const { tls } = parse({ tls_config: { ca: authority.cert, cert: `${client.cert}${authority.cert}`, key: client.key } })
    expect(tls?.ca?.read().toString()).toBe(authority.cert)
    expect(createHttpAccess(tls === undefined ? {} : { tls }).tls?.()).toMatchObject({ rejectUnauthorized: true })
  })

  test('says nothing: as if it were not there', () => {
    expect(parse({ tls_config: {} })).toEqual(parse({}))
    expect(parse({ tls_config: { insecure_skip_verify: false } })).toEqual(parse({}))
  })
})

const WAYS = 'give at most one of basic_auth, authorization, oauth2, bearer_token, bearer_token_file'

test.each<[name: string, fields: object, mistakes: readonly string[]]>([
  ['two ways', { basic_auth: {}, bearer_token: 't' }, [`jobs[0].bearer_token: excludes basic_auth, ${WAYS}`]],
  ['two others', { authorization: {}, bearer_token_file: 't' }, [`jobs[0].bearer_token_file: excludes authorization, ${WAYS}`]],
  ['a token and its file', { bearer_token: 't', bearer_token_file: 't' }, [`jobs[0].bearer_token_file: excludes bearer_token, ${WAYS}`]],
  [
    'a user and its file, a password and its file',
    { basic_auth: { username: 'u', username_file: 'u', password: 'p', password_file: 'p' } },
    [
      'jobs[0].basic_auth.username_file: excludes username, give one of them',
      'jobs[0].basic_auth.password_file: excludes password, give one of them',
    ],
  ],
  [
    'credentials and their file',
    { authorization: { credentials: 'c', credentials_file: 'c' } },
    ['jobs[0].authorization.credentials_file: excludes credentials, give one of them'],
  ],
  ['type Basic', { authorization: { type: 'basic' } }, ['jobs[0].authorization.type: must not be Basic, use basic_auth']],
  [
    'a type of two lines',
    { authorization: { type: 'a\nb' } },
    ['jobs[0].authorization.type: holds a line end or another character that a header cannot carry'],
  ],
  [
    'a token of two lines',
    { bearer_token: 'a\nb' },
    ['jobs[0].bearer_token: holds a line end or another character that a header cannot carry'],
  ],
  ['a user that is a map', { basic_auth: { username: {} } }, ['jobs[0].basic_auth.username: expected text, found a map']],
  [
    'a password that is a fraction',
    { basic_auth: { password: 1.5 } },
    ['jobs[0].basic_auth.password: expected text, found a number; put it in quotes'],
  ],
  ['credentials as text', { basic_auth: 'u:p' }, ['jobs[0].basic_auth: expected a map, found text']],
  ['credentials as a list', { authorization: ['x'] }, ['jobs[0].authorization: expected a map, found a list']],
  [
    'unknown keys',
    { basic_auth: { user: 'u' }, authorization: undefined, tls_config: { ca_path: 'x' }, http_headers: { a: { value: 'x' } } },
    [
      'jobs[0].basic_auth.user: unknown key (known: username, username_file, password, password_file)',
      'jobs[0].tls_config.ca_path: unknown key (known: ca, ca_file, cert, cert_file, key, key_file, server_name, insecure_skip_verify, min_version, max_version)',
      'jobs[0].http_headers.a.value: unknown key (known: values, secrets, files)',
    ],
  ],
  ['a CA that is none', { tls_config: { ca: 'x' } }, ['jobs[0].tls_config.ca: expected a certificate as PEM']],
  [
    'a CA that is damaged',
    { tls_config: { ca: authority.cert.replace('MII', 'MIA').replace('MIB', 'MIA') } },
    ['jobs[0].tls_config.ca: expected a certificate as PEM'],
  ],
  [
    'a key that is none',
    { tls_config: { cert: client.cert, key: client.cert } },
    ['jobs[0].tls_config.key: expected a private key as PEM, without a passphrase'],
  ],
  ['the key of another', { tls_config: { cert: client.cert, key: authority.key } }, ['jobs[0].tls_config.key: is not the key of cert']],
  ['a certificate without key', { tls_config: { cert_file: 'c' } }, ['jobs[0].tls_config.cert_file: needs key or key_file beside it']],
  ['a key without certificate', { tls_config: { key: client.key } }, ['jobs[0].tls_config.key: needs cert or cert_file beside it']],
  [
    'PEM and its file',
    { tls_config: { ca: authority.cert, ca_file: 'x', cert: client.cert, cert_file: 'x', key: client.key, key_file: 'x' } },
    [
      'jobs[0].tls_config.ca_file: excludes ca, give one of them',
      'jobs[0].tls_config.cert_file: excludes cert, give one of them',
      'jobs[0].tls_config.key_file: excludes key, give one of them',
    ],
  ],
  [
    'another version',
    { tls_config: { min_version: 'SSL3' } },
    ['jobs[0].tls_config.min_version: expected one of TLS10, TLS11, TLS12, TLS13'],
  ],
  [
    'versions in the wrong order',
    { tls_config: { min_version: 'TLS13', max_version: 'TLS12' } },
    ['jobs[0].tls_config.max_version: is below min_version'],
  ],
  [
    'an old version without saying so twice',
    { tls_config: { max_version: 'TLS11' } },
    ['jobs[0].tls_config.max_version: is below min_version, which is TLS12 when it is not given'],
  ],
  [
    'a word for a boolean',
    { tls_config: { insecure_skip_verify: 'maybe' } },
    ['jobs[0].tls_config.insecure_skip_verify: expected true or false, found "maybe"'],
  ],
  [
    'a word for another',
    { follow_redirects: 'never', enable_http2: 1 },
    ['jobs[0].follow_redirects: expected true or false, found "never"', 'jobs[0].enable_http2: expected true or false, found a number'],
  ],
  [
    'a header of its own key',
    { http_headers: { Authorization: { secrets: ['x'] } } },
    ['jobs[0].http_headers.Authorization: this header cannot be set here'],
  ],
  [
    'a header of the request',
    { http_headers: { 'user-agent': { values: ['x'] } } },
    ['jobs[0].http_headers.user-agent: this header cannot be set here'],
  ],
  ['no name of a header', { http_headers: { 'a b': { values: ['x'] } } }, ['jobs[0].http_headers.a b: is no name of a header']],
  [
    'a header of two lines',
    { http_headers: { a: { secrets: ['x\r\ny: z'] } } },
    ['jobs[0].http_headers.a.secrets: holds a line end or another character that a header cannot carry'],
  ],
  ['values as text', { http_headers: { a: { values: 'x' } } }, ['jobs[0].http_headers.a.values: expected a list of texts, found text']],
  ['a header as text', { http_headers: { a: 'x' } }, ['jobs[0].http_headers.a: expected a map, found text']],
  [
    'names in a secret store',
    { basic_auth: { username_ref: 'a', password_ref: 'b' }, tls_config: { ca_ref: 'a', cert_ref: 'a', key_ref: 'a' } },
    [
      'jobs[0].basic_auth.username_ref: is not supported, use username_file',
      'jobs[0].basic_auth.password_ref: is not supported, use password_file',
      ...['ca', 'cert', 'key'].map((name) => `jobs[0].tls_config.${name}_ref: is not supported, use ${name}_file`),
    ],
  ],
  [
    'one for credentials',
    { authorization: { credentials_ref: 'a' } },
    ['jobs[0].authorization.credentials_ref: is not supported, use credentials_file'],
  ],
  ['oauth2 as text', { oauth2: 'x' }, ['jobs[0].oauth2: expected a map, found text']],
  [
    'oauth2 beside another way',
    { authorization: {}, oauth2: { client_id: 'a', token_url: 'http://t' } },
    [`jobs[0].oauth2: excludes authorization, ${WAYS}`],
  ],
])('%s', (_name, fields, mistakes) => {
  expect(mistakesOf(fields)).toEqual(mistakes)
})

test('all mistakes at once, each once, and no secret in any', () => {
  const secret = 'hunter2-hunter2'
  const wrong = {
    basic_auth: { username: [secret], password: { [secret]: 1 }, password_file: 'x' },
    bearer_token: `${secret}\n`,
    authorization: { type: 'Basic', credentials: `${secret}\n`, credentials_file: 'x' },
    tls_config: { ca: secret, cert: secret, key: secret, insecure_skip_verify: secret },
    http_headers: { a: { secrets: [`${secret}\n`, `${secret}\n`] }, b: { secrets: secret } },
    oauth2: { client_secret: [secret], client_certificate_key: secret, token_url: `${secret}://x`, endpoint_params: { a: [secret] } },
    proxy_url: `socks5://joe:${secret}@host`,
    proxy_connect_header: { a: [`${secret}\n`] },
  }
  const mistakes = mistakesOf(wrong)
  expect(mistakes.length).toBeGreaterThan(10)
  expect(new Set(mistakes).size).toBe(mistakes.length)
  expect(mistakes.join('\n')).not.toContain(secret)
})

test('the place may differ by key', () => {
  const where = (key: string): string => `c.yml:${key.length}: ${key}`
  const wrong = new Map<string, unknown>([
    ['bearer_token', 1.5],
    ['tls_config', { ca: 'x' }],
  ])
  expect(() => parseHttpAccess(wrong, where, { directory: '.' })).toThrow(
    'c.yml:12: bearer_token: expected text, found a number; put it in quotes\nc.yml:10: tls_config.ca: expected a certificate as PEM',
  )
})

test('files are not looked at', () => {
  const { tls, authorization } = parse({ bearer_token_file: 'nowhere', tls_config: { ca_file: 'nowhere' } })
  expect(tls?.ca?.read).toThrow('cannot read /etc/clymene/nowhere: no such file')
  expect(authorization?.credentials).toThrow('cannot read /etc/clymene/nowhere: no such file')
})

test('the keys that are read are told', () => {
  expect(HTTP_ACCESS_KEYS).toEqual(expect.arrayContaining(['basic_auth', 'tls_config', 'http_headers', 'follow_redirects', 'oauth2']))
})
