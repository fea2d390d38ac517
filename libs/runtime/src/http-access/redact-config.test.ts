import { describe, expect, test } from 'vitest'

import { isSecretKey, isSecretParameter, redactUrls } from './redact-config.ts'

describe('isSecretKey', () => {
  test.each([
    'password',
    'credentials',
    'bearer_token',
    'token',
    'client_secret',
    'client_certificate_key',
    'proxy_connect_header',
    'headers',
    'connection_string',
    'secret',
    'secrets',
    'secret_key',
    'key',
    'api_key',
    'apiKey',
    'application-key',
    'X-Api-Key',
    'PASSWORD',
  ])('%s is one', (key) => expect(isSecretKey(key)).toBe(true))
  test.each([
    'password_file',
    'credentials_file',
    'bearer_token_file',
    'key_file',
    'token_url',
    'client_certificate_key_file',
    'client_certificate_key_id',
    'username',
    'regex',
    'keys_of',
    'http_headers',
    'include_event_headers',
    'monkey',
    '',
  ])('%s is none', (key) => expect(isSecretKey(key)).toBe(false))
  test.each(['sig', 'X-Amz-Signature', 'auth', 'access_token', 'pwd'])('%s is one in a URL', (name) =>
    expect(isSecretParameter(name)).toBe(true),
  )
  test.each(['module', 'target', 'match[]', 'author', 'design'])('%s is none in a URL', (name) =>
    expect(isSecretParameter(name)).toBe(false),
  )
})

describe('redactUrls', () => {
  test.each([
    ['http://joe:abcd@host:1/p', 'http://<secret>@host:1/p'],
    ['http://token@host', 'http://<secret>@host'],
    ['http://a:b@c@host/', 'http://<secret>@host/'],
    ['//joe:abcd@host', '//<secret>@host'],
    ['http://host/p?token=abcd&module=x', 'http://host/p?token=<secret>&module=x'],
    ['http://host/p?a=1&Api%2DKey=abcd#f', 'http://host/p?a=1&Api%2DKey=<secret>#f'],
    ['/probe?password=abcd', '/probe?password=<secret>'],
    ['see http://a:b@one/ and http://c:d@two/', 'see http://<secret>@one/ and http://<secret>@two/'],
    ['http://host/p?token=', 'http://host/p?token=<secret>'],
    ['http://host/p?token=<secret>abcd&a=1', 'http://host/p?token=<secret>&a=1'],
    ['http://host/user@name?email=a@b', 'http://host/user@name?email=a@b'],
    ['?%zz=1', '?%zz=1'],
    ['10.0.0.1:9100', '10.0.0.1:9100'],
    ['a text with a token=abcd', 'a text with a token=abcd'],
  ])('%s', (text, shown) => {
    expect(redactUrls(text)).toBe(shown)
    expect(redactUrls(shown)).toBe(shown)
  })
})
