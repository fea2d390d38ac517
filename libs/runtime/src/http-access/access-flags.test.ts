import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { parseFlags } from '../parse-flags.ts'
import { issue } from '../testing/certificates.ts'
import { accessFlags, readAccess, type AccessUse } from './access-flags.ts'
import { createHttpAccess } from './http-access.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-access-'))
afterAll(() => rmSync(directory, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

const ca = issue('ca')
const [client, other] = [issue('client', { by: ca }), issue('other', { by: ca })]
const files = {
  ca: file('ca.pem', ca.cert),
  cert: file('cert.pem', client.cert),
  key: file('key.pem', client.key),
  otherKey: file('other-key.pem', other.key),
  damaged: file('damaged.pem', ca.cert.replace(/\n.{64}\n/, '\n')),
  noPem: file('no.pem', 'x'),
  empty: file('empty', '\n'),
  secret: file('secret', 'hush-hush'),
  lines: file('lines', 'hush-hush\nhush-hush'),
  headers: file('headers', '# of the proxy\nx-one: 1\n'),
  badHeaders: file('bad-headers', 'x-one: hush-hush\nno colon hush-hush\nx one: 1\nX-One: 2\nHost: a\nx-two:\n'),

  none: join(directory, 'none'),
}

const PREFIX = 's'
const use = (address: string, more: AccessUse = {}): AccessUse => ({ addresses: [['s.url', new URL(address)]], ...more })
const HTTPS = use('https://host/')

const read = (argv: readonly string[], context: AccessUse = HTTPS) =>
  readAccess(
    PREFIX,
    parseFlags(
      accessFlags(PREFIX),
      argv.map((text) => `--s.${text}`),
      {},
    ).values,
    context,
  )

describe('mistakes, all at once, with the names of the flags', () => {
  test.each<[flags: readonly string[], mistakes: readonly string[], context?: AccessUse]>([
    [[], []],
    [['username=u', 'password=p'], []],
    [['username=u'], ['--s.password: expected this or --s.password-file, as --s.username is given']],
    [['password=hush-hush'], ['--s.username: expected the user whose --s.password is given']],
    [[`password-file=${files.secret}`], ['--s.username: expected the user whose --s.password is given']],
    [['username=a:b', 'password=p'], ['--s.username: expected a user without a colon']],
    [
      ['username=u', 'password=hush-hush', `password-file=${files.secret}`],
      ['--s.password: expected this or --s.password-file, found both'],
    ],
    [['username=u', `password-file=${files.none}`], [`--s.password-file: cannot read ${files.none}: no such file`]],
    [['username=u', `password-file=${files.empty}`], [`--s.password-file: cannot use ${files.empty}: it is empty`]],
    [['token=t', `token-file=${files.secret}`], ['--s.token: expected this or --s.token-file, found both']],
    [['token=hush hush\n'], ['--s.token: expected a token of visible ASCII in one line']],
    [[`token-file=${files.lines}`], [`--s.token-file: ${files.lines}: expected a token of visible ASCII in one line`]],
    [['username=u', 'password=p', 'token=t'], ['--s.token: expected this or --s.username, found both']],
    [['username=u', 'password=p', `token-file=${files.secret}`], ['--s.token-file: expected this or --s.username, found both']],
    [['token=t'], ['--s.url: has a user in it, expected this or --s.token, found both'], use('https://u:hush-hush@host/')],
    [
      ['username=u', 'password=p'],
      ['--s.url: has a user in it, expected this or --s.username, found both'],
      use('https://u:hush-hush@host/'),
    ],
    [['headers=x-one=1,X-Two=a=b'], []],
    [['headers=x one=1'], ['--s.headers: header 1 has no legal name']],
    [
      ['headers=Content-Type=a,content-encoding=b,content-length=1,host=c,x-one=1,X-ONE=2'],
      [
        ...['content-type', 'content-encoding', 'content-length', 'host'].map((name) => `--s.headers: ${name} is said by Clymene itself`),
        '--s.headers: x-one stands there twice',
      ],
    ],
    [['headers=x-one=hush\u0000hush'], ['--s.headers: the value of x-one is empty or not visible ASCII']],
    [['headers=authorization=ApiKey k'], []],
    [['headers=authorization=k', 'token=t'], ['--s.headers: authorization is said by --s.token already']],
    [['headers=authorization=k', 'username=u', 'password=p'], ['--s.headers: authorization is said by --s.username already']],
    [['headers=authorization=k'], ['--s.headers: authorization is said by --s.url already'], use('https://u:hush-hush@host/')],
    [['headers=x-scope-orgid=a'], []],
    [
      ['headers=X-Scope-OrgID=a'],
      ['--s.headers: x-scope-orgid is said by --s.tenant-id already'],
      use('https://host/', { taken: new Map([['x-scope-orgid', '--s.tenant-id']]) }),
    ],
    [['headers=x=1', `headers-file=${files.headers}`], ['--s.headers: expected this or --s.headers-file, found both']],
    [[`headers-file=${files.none}`], [`--s.headers-file: cannot read ${files.none}: no such file`]],
    [
      [`headers-file=${files.badHeaders}`],
      [
        `--s.headers-file: ${files.badHeaders}: line 2: expected name: value; header 2 has no legal name; x-one stands there twice; ` +
          'host is said by Clymene itself; the value of x-two is empty or not visible ASCII',
      ],
    ],
    [[`tls.ca=${files.ca}`, `tls.cert=${files.cert}`, `tls.key=${files.key}`, 'tls.server-name=x', 'tls.skip-host-verify'], []],
    [[`tls.cert=${files.cert}`], ['--s.tls.key: expected a file, as --s.tls.cert is given']],
    [[`tls.key=${files.key}`], ['--s.tls.cert: expected a file, as --s.tls.key is given']],
    [
      [`tls.cert=${files.cert}`, `tls.key=${files.otherKey}`],
      ['--s.tls.key: expected the key of --s.tls.cert (ERR_OSSL_X509_KEY_VALUES_MISMATCH)'],
    ],
    [
      [`tls.ca=${files.noPem}`, `tls.cert=${files.noPem}`, `tls.key=${files.noPem}`],
      [
        '--s.tls.ca: expected PEM certificates',
        '--s.tls.cert: expected a PEM certificate (ERR_OSSL_PEM_NO_START_LINE)',
        '--s.tls.key: expected a PEM key without a passphrase (ERR_OSSL_UNSUPPORTED)',
      ],
    ],
    [[`tls.ca=${files.damaged}`], ['--s.tls.ca: expected PEM certificates']],
    [[`tls.ca=${files.none}`], [`--s.tls.ca: cannot read ${files.none}: no such file`]],
    [
      [`tls.ca=${files.ca}`, 'tls.skip-host-verify'],
      [
        '--s.tls.ca: has no effect without TLS, expected an https:// address of --s.url',
        '--s.tls.skip-host-verify: has no effect without TLS, expected an https:// address of --s.url',
      ],
      use('http://host/'),
    ],
    [
      ['username=u', `token-file=${files.none}`, 'headers=host=x', 'tls.cert=/none'],
      [
        '--s.password: expected this or --s.password-file, as --s.username is given',
        `--s.token-file: cannot read ${files.none}: no such file`,
        '--s.token-file: expected this or --s.username, found both',
        '--s.headers: host is said by Clymene itself',
        '--s.tls.cert: cannot read /none: no such file',
        '--s.tls.key: expected a file, as --s.tls.cert is given',
      ],
    ],
  ])('%j', (flags, expected, context) => {
    const { mistakes } = read(flags, context)
    expect(mistakes).toEqual(expected)
    expect(mistakes.join()).not.toContain('hush')
  })
})

describe('what is sent', () => {
  test.each<[flags: readonly string[], headers: object]>([
    [[], {}],
    [['username=u', 'password=p:ä'], { authorization: 'Basic dTpwOsOk' }],
    [['username=u', `password-file=${files.secret}`], { authorization: `Basic ${Buffer.from('u:hush-hush').toString('base64')}` }],
    [['token=t'], { authorization: 'Bearer t' }],
    [[`token-file=${files.secret}`], { authorization: 'Bearer hush-hush' }],
    [['headers=X-One=1,__proto__=2'], { 'x-one': '1', ['__proto__']: '2' }],
    [[`headers-file=${files.headers}`, 'token=t'], { 'x-one': '1', authorization: 'Bearer t' }],
  ])('%j', (flags, expected) => {
    const { options, mistakes } = read(flags)
    expect(mistakes).toEqual([])
    expect(createHttpAccess(options).headers()).toEqual(expected)
  })

  test('TLS only when a flag is given', () => {
    expect(read([]).options.tls).toBeUndefined()
    const { tls } = read([`tls.ca=${files.ca}`, `tls.cert=${files.cert}`, `tls.key=${files.key}`, 'tls.server-name=x']).options
    expect(tls).toMatchObject({ ca: { path: files.ca }, cert: { path: files.cert }, key: { path: files.key }, serverName: 'x' })
    expect(read(['tls.skip-host-verify']).options.tls).toEqual({ skipVerify: true })
  })
})
