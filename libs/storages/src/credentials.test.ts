import { inspect } from 'node:util'

import { ConfigError, RetryableError } from '@clymene/model'
import { basicCredentials, flagHelp } from '@clymene/runtime'
import fc from 'fast-check'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'

import { storages } from './registry.ts'
import { parseServiceFlags } from './service-flags.ts'
import { failureOf, never, startWay, writeTo } from './testing/start-way.ts'
import { createTestFolder } from './testing/test-folder.ts'
import { openWay, WAYS, type Judge } from './testing/ways.ts'

const folder = createTestFolder()
afterAll(folder.remove)
const withAll = WAYS.filter(({ takes }) => takes === 'all')

describe.each(WAYS)('$name', (way) => {
  const { prefix } = way

  test.each<[string, readonly string[]]>([
    ['text', [`--${prefix}.token=abc.def`]],
    ['a file', [`--${prefix}.token-file=${folder.put('token', 'abc.def\n')}`]],
  ])('a token as %s goes with every request', async (_, flags) => {
    const { server, write } = await startWay(way, flags)
    await write()
    expect(server.writes).toEqual([expect.objectContaining({ authorization: 'Bearer abc.def' })])
  })

  test('without credentials nothing is said', async () => {
    const { server, write } = await startWay(way, [])
    await write()
    expect(server.writes[0]).not.toHaveProperty('authorization')
    expect(server.writes[0]).not.toHaveProperty('x-scope-orgid')
  })

  test('a wrong token waits for the operator, and what the peer quotes of it is not shown', async () => {
    const judge: Judge = ({ authorization = '' }) => ({ status: 401, text: `unknown ${authorization}` })
    const { write, storage } = await startWay(way, [`--${prefix}.token=s3cr3t-t0ken`], { judge })
    const error = await failureOf(write())
    expect(error).toBeInstanceOf(RetryableError)
    expect(error).toMatchObject({
      needsOperator: true,
      message: expect.stringMatching(/127\.0\.0\.1:\d+.* answered (401|UNAUTHENTICATED)/),
    })
    expect(String(error)).toContain('unknown Bearer ***')
    expect(String(await failureOf(writeTo(way, storage)))).not.toContain('s3cr3t')
  })

  const secret = fc.stringMatching(/^[!-~]{8,40}$/).map((text) => `~~${text}~~`)
  const modes: Judge[] = [
    ({ authorization = '', 'x-key': key = '' }) => ({ status: 401, text: `no ${authorization} ${String(key)}` }),
    ({ authorization = '', 'x-key': key = '' }) => ({ status: 400, text: `${'x'.repeat(230)}${authorization}${String(key)}` }),
    ({ authorization = '' }) => ({ status: 500, text: authorization }),
    ({ authorization = '' }) => ({ status: 500, text: Buffer.from(authorization.slice(6), 'base64').toString() }),
  ]
  test('no error holds a secret, whatever the peer answers', async () => {
    let judge: Judge = () => ({ status: 204 })
    const server = await way.serve((headers) => judge(headers))
    onTestFinished(() => server.stop())
    const check = async (text: string, password: boolean, mode: Judge): Promise<void> => {
      judge = mode
      const user =
        password && way.takes === 'all' ? [`--${prefix}.username=joe`, `--${prefix}.password=${text}`] : [`--${prefix}.token=${text}`]
      const flags = [...user, ...(way.takes === 'all' && !text.includes(',') ? [`--${prefix}.headers=x-key=${text}`] : [])]
      const { storage, lines } = await openWay(way, server, flags)
      const error = await failureOf(writeTo(way, storage))
      await storage.close()
      expect(error).toBeInstanceOf(Error)
      const encoded = basicCredentials('joe', text).slice(6)
      for (const shown of [inspect(error, { depth: 1 }), String(error), inspect(lines)]) {
        expect(shown.includes(text) || shown.includes(encoded)).toBe(false)
      }
    }
    await fc.assert(fc.asyncProperty(secret, fc.boolean(), fc.constantFrom(...modes), check), { numRuns: 25 })
  })

  test.each<[string, (secret: string) => readonly string[]]>([
    ['text', (text) => [`--${prefix}.token=${text}`]],
    ['text and file', (text) => [`--${prefix}.token=${text}`, `--${prefix}.token-file=${folder.put('both', text)}`]],
    ['a file of two lines', (text) => [`--${prefix}.token-file=${folder.put('lines', `${text}\n${text}`)}`]],
    ['two lines', (text) => [`--${prefix}.token=${text}\n${text}`]],
  ])('neither help nor validation shows a token that is %s', (_, flagsOf) => {
    const text = 'hush-hush-hush'
    const argv = [...way.flagsOf('127.0.0.1', 1, false), ...flagsOf(text)]
    let shown = flagHelp(storages.map(({ name, flags }) => ({ title: name, flags })))
    try {
      shown += parseServiceFlags({ flags: {}, defaultStorages: way.storage }, argv, {}).warnings.join()
    } catch (error) {
      shown += error instanceof ConfigError ? error.mistakes.join() : inspect(error)
    }
    expect(shown).not.toContain(text)
  })
})

describe.each(withAll)('$name', (way) => {
  const { prefix } = way

  test.each<[string, readonly string[]]>([
    ['text', [`--${prefix}.username=joe`, `--${prefix}.password=pä:ss word`]],
    ['a file', [`--${prefix}.username=joe`, `--${prefix}.password-file=${folder.put('password', 'pä:ss word\n')}`]],
  ])('user and password as %s', async (_, flags) => {
    const { server, write } = await startWay(way, flags)
    await write()
    expect(server.writes[0]).toMatchObject({ authorization: basicCredentials('joe', 'pä:ss word') })
  })

  test('further headers as text, and a scheme of its own by them', async () => {
    const { server, write } = await startWay(way, [`--${prefix}.headers=Authorization=ApiKey abc,x-way=north=1`])
    await write()
    expect(server.writes[0]).toMatchObject({ authorization: 'ApiKey abc', 'x-way': 'north=1' })
  })

  test('a check that is answered with 401 says so', async () => {
    const { storage } = await startWay(way, [`--${prefix}.token=t`], { judge: () => ({ status: 401 }) })
    await expect(storage.check?.(never)).rejects.toMatchObject({ name: 'RetryableError', needsOperator: true })
  })
})

describe('gateway', () => {
  test.each(WAYS.filter(({ takes }) => takes === 'token'))('$name: a token in clear text is told at start', async (way) => {
    const { lines } = await startWay(way, ['--gateway.token=abc'])
    expect(lines).toEqual([
      { level: 'warn', message: 'the token of --gateway.token goes to the gateway in clear text, as there is no TLS', fields: {} },
    ])
  })

  test('what a gateway has against a client certificate is for the operator, though it says 503', async () => {
    const way = WAYS.find(({ name }) => name === 'gateway by HTTP')!
    const text = 'this server takes only clients with a certificate of its authorities: none was shown'
    const { write } = await startWay(way, [], { judge: () => ({ status: 503, text }) })
    await expect(write()).rejects.toMatchObject({
      name: 'RetryableError',
      needsOperator: true,
      message: expect.stringContaining(`answered 503: ${text}`),
    })
  })

  test('TLS flags without TLS are no start', async () => {
    const way = WAYS.find(({ name }) => name === 'gateway by gRPC')!
    await expect(startWay(way, ['--gateway.grpc-client.tls.server-name=x'])).rejects.toThrow(
      '--gateway.grpc-client.tls.server-name: has no effect without --gateway.grpc-client.tls.enabled',
    )
  })

  test('a token that the gateway does not take is told by a check as well', async () => {
    const way = WAYS.find(({ name }) => name === 'gateway by HTTP')!
    const { storage } = await startWay(way, ['--gateway.token=t'], { judge: () => ({ status: 401, text: 'unknown token' }) })
    await expect(storage.check?.(never)).rejects.toThrow('answered 401: unknown token')
  })
})
