import { generateKeyPairSync } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { issue } from '../testing/certificates.ts'
import { parsedMap } from './config-map.test-kit.ts'
import { parseOAuth2 } from './oauth2-config.ts'

const JWT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const TOKEN_URL = 'https://auth.example/token'
const GOOD = { client_id: 'me', token_url: TOKEN_URL }
const SIGNED = { ...GOOD, grant_type: JWT, client_certificate_key_file: 'k' }
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })

const parse = (fields: object) => parsedMap(fields, (map) => parseOAuth2(map, '/etc/clymene', {}))

describe('read', () => {
  test('a name and an address are enough', () => {
    const { value, mistakes } = parse(GOOD)
    expect(mistakes).toEqual([])
    expect(value).toEqual({ clientId: 'me', tokenUrl: new URL(TOKEN_URL), scopes: [], params: new Map(), secret: expect.any(Function) })
    expect(value?.secret()).toBe('')
  })

  test('every key', () => {
    const { value, mistakes } = parse({
      ...GOOD,
      client_secret: 'abcd',
      scopes: ['a', 'b'],
      endpoint_params: { audience: 'x', n: 1, grant_type: 'other' },
      tls_config: { insecure_skip_verify: true },
      proxy_url: 'http://p:1',
    })
    expect(mistakes).toEqual([])
    expect(value).toMatchObject({ scopes: ['a', 'b'], tls: { skipVerify: true } })
    expect(value?.params).toEqual(new Map(Object.entries({ audience: 'x', n: '1', grant_type: 'other' })))
    expect(value?.secret()).toBe('abcd')
    expect(value?.proxy?.proxyOf(new URL(TOKEN_URL))?.host).toBe('p:1')
  })

  test('a signed assertion', () => {
    const claims = new Map<string, unknown>([
      ['a', 1],
      ['b', new Map([['c', ['d']]])],
    ])
    const given = {
      client_certificate_key: key,
      client_certificate_key_id: '7',
      signature_algorithm: 'RS512',
      iss: 'i',
      audience: 'u',
      claims,
    }
    const { value, mistakes } = parse({ ...GOOD, grant_type: JWT, scopes: ['s'], ...given })
    expect(mistakes).toEqual([])
    expect(value?.assertion).toEqual({
      algorithm: 'RS512',
      keyId: '7',
      issuer: 'i',
      subject: 'me',
      audience: 'u',
      scopes: ['s'],
      claims: new Map<string, unknown>([
        ['a', 1],
        ['b', { c: ['d'] }],
      ]),
    })
    expect(parse(SIGNED).value?.assertion).toMatchObject({ algorithm: 'RS256', issuer: 'me', audience: TOKEN_URL })
  })
})

test.each<[fields: object, mistakes: readonly string[]]>([
  [{}, ['job.client_id: expected the name of the client', 'job.token_url: expected a URL such as https://host/token, without user']],
  [{ ...GOOD, token_url: 'auth.example' }, ['job.token_url: expected a URL such as https://host/token, without user']],
  [{ ...GOOD, token_url: 'https://joe:abcd@auth' }, ['job.token_url: expected a URL such as https://host/token, without user']],
  [{ ...GOOD, client_secret: 'a', client_secret_file: 'b' }, ['job.client_secret_file: excludes client_secret, give one of them']],
  [{ ...GOOD, client_secret_ref: 'a' }, ['job.client_secret_ref: is not supported, use client_secret_file']],
  [{ ...GOOD, grant_type: 'password' }, [`job.grant_type: expected client_credentials or ${JWT}`]],
  [{ ...GOOD, scopes: 'a' }, ['job.scopes: expected a list of texts, found text']],
  [{ ...GOOD, scopes: ['a'], endpoint_params: { scope: 'b' } }, ['job.endpoint_params.scope: is said by the other keys of oauth2']],
  [{ ...GOOD, endpoint_params: { a: ['b'] } }, ['job.endpoint_params.a: expected text, found a list']],
  [{ ...GOOD, no_proxy: 'a' }, ['job.no_proxy: needs proxy_url beside it']],
  [{ ...GOOD, tls_config: { ca: 'x' } }, ['job.tls_config.ca: expected a certificate as PEM']],
  [
    { ...GOOD, audience: 'a', claims: {} },
    ['job.audience: has no effect with grant_type client_credentials', 'job.claims: has no effect with grant_type client_credentials'],
  ],
  [{ ...SIGNED, client_secret: 'a' }, [`job.client_secret: has no effect with grant_type ${JWT}`]],
  [{ ...SIGNED, client_certificate_key_file: null }, ['job.client_certificate_key: expected this or client_certificate_key_file']],
  [{ ...SIGNED, client_certificate_key: key }, ['job.client_certificate_key_file: excludes client_certificate_key, give one of them']],
  [
    { ...GOOD, grant_type: JWT, client_certificate_key: issue('ec').key },
    ['job.client_certificate_key: expected an RSA key as PEM, without a passphrase'],
  ],
  [
    { ...GOOD, grant_type: JWT, client_certificate_key: 'hidden' },
    ['job.client_certificate_key: expected an RSA key as PEM, without a passphrase'],
  ],
  [{ ...SIGNED, signature_algorithm: 'ES256' }, ['job.signature_algorithm: expected one of RS256, RS384, RS512']],
  [{ ...SIGNED, endpoint_params: { assertion: 'b' } }, ['job.endpoint_params.assertion: is said by the other keys of oauth2']],
  [{ ...SIGNED, claims: 'a' }, ['job.claims: expected a map, found text']],
  [{ ...SIGNED, client_certificate_key_ref: 'a' }, ['job.client_certificate_key_ref: is not supported, use client_certificate_key_file']],
])('%.100j: refused', (fields, mistakes) => expect(parse(fields).mistakes).toEqual(mistakes))
