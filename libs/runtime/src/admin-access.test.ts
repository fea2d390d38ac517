import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError, type Logger } from '@clymene/model'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { adminAccess } from './admin-access.ts'
import { silentLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'

const ELSEWHERE = '192.0.2.7'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-admin-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const tokenFile = (): string => join(folder, 'token')
const writeToken = (text: string): void => writeFileSync(tokenFile(), text)

function start(file: string) {
  const metrics = createMetrics()
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (message, fields) => void warnings.push(`${message} ${JSON.stringify(fields)}`) }
  const access = adminAccess({ tokenFile: file, metrics, logger })
  const from = (remoteAddress: string | undefined, authorization?: string) => access({ remoteAddress, authorization })?.status ?? 200
  const refused = async () =>
    (await metrics.registry.getMetricsAsJSON()).flatMap(({ values }) => values.map(({ labels, value }) => [labels['reason'], value]))
  return { access, from, refused, warnings }
}

describe('without --admin.token-file', () => {
  test.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'])('%s is loopback, and free', (address) => {
    expect(start('').from(address)).toBe(200)
    expect(start('').from(address, 'Bearer anything')).toBe(200)
  })

  test.each([
    ELSEWHERE,
    '10.0.0.1',
    '128.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    '::ffff:192.0.2.1',
    'fe80::1',
    '127.0.0.1.example.org',
    '',
    undefined,
  ])('%s is not: 403 with a way out', (address) => {
    const { access, from } = start('')
    expect(from(address)).toBe(403)
    expect(from(address, 'Bearer anything')).toBe(403)
    expect(access({ remoteAddress: address, authorization: undefined })?.message).toContain('--admin.token-file=<file>')
  })
})

describe('with it', () => {
  test.each<[name: string, authorization: string | undefined, status: number]>([
    ['the token', 'Bearer s3cret', 200],
    ['the token, in another spelling', 'bearer   s3cret ', 200],
    ['nothing', undefined, 401],
    ['an empty header', '', 401],
    ['no token', 'Bearer', 401],
    ['another token', 'Bearer s3crets', 401],
    ['a part of it', 'Bearer s3cre', 401],
    ['other case', 'Bearer S3CRET', 401],
    ['the token alone', 's3cret', 401],
    ['the token as a password', `Basic ${btoa('admin:s3cret')}`, 401],
  ])('%s', (_name, authorization, status) => {
    writeToken('s3cret\n')
    expect(start(tokenFile()).from(ELSEWHERE, authorization)).toBe(status)
  })

  test('a token in UTF-8, as the bytes of the header come', () => {
    writeToken('schlüssel')
    expect(start(tokenFile()).from(ELSEWHERE, `Bearer ${Buffer.from('schlüssel').toString('latin1')}`)).toBe(200)
  })

  test('loopback is free as before', () => {
    writeToken('s3cret')
    expect(start(tokenFile()).from('127.0.0.1')).toBe(200)
  })

  test('the file is followed; while it cannot be read nobody gets in', () => {
    let clock = 0
    vi.spyOn(performance, 'now').mockImplementation(() => clock)
    writeToken('one')
    const { from, warnings } = start(tokenFile())
    expect(from(ELSEWHERE, 'Bearer one')).toBe(200)
    writeToken('two')
    clock += 1000
    expect([from(ELSEWHERE, 'Bearer one'), from(ELSEWHERE, 'Bearer two')]).toEqual([401, 200])
    unlinkSync(tokenFile())
    clock += 1000
    expect(from(ELSEWHERE, 'Bearer two')).toBe(503)
    expect(warnings.at(-1)).toContain(`cannot read ${tokenFile()}: no such file`)
    writeToken('')
    expect(from(ELSEWHERE, 'Bearer two')).toBe(503)
  })

  test.each([
    ['is not there', (): void => undefined, 'no such file'],
    ['is empty', (): void => writeToken('\n'), 'it is empty'],
  ])('a file that %s is a mistake at the start', (_name, make, message) => {
    make()
    expect(() => start(tokenFile())).toThrow(ConfigError)
    expect(() => start(tokenFile())).toThrow(`--admin.token-file="${tokenFile()}"`)
    expect(() => start(tokenFile())).toThrow(message)
  })
})

test('refusals are counted by reason and told once a minute, without what was shown', async () => {
  writeToken('s3cret')
  const open = start('')
  open.from(ELSEWHERE, 'Bearer hidden')
  open.from('127.0.0.1')
  expect(await open.refused()).toEqual([['no_token_file', 1]])
  const { from, refused, warnings } = start(tokenFile())
  for (const authorization of [undefined, 'Bearer hidden', 'Bearer hidden', 'Bearer s3cret']) from(ELSEWHERE, authorization)
  expect(await refused()).toEqual([
    ['no_token', 1],
    ['wrong_token', 2],
  ])
  expect(warnings).toHaveLength(2)
  expect(warnings.join('')).toContain(ELSEWHERE)
  expect(warnings.join('')).not.toMatch(/hidden|s3cret/)
})
