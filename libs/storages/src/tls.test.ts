import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { RetryableError } from '@clymene/model'
import { issue } from '@clymene/runtime/testing'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { failureOf, never, startWay } from './testing/start-way.ts'
import { createTestFolder } from './testing/test-folder.ts'
import { WAYS, type ServerTls } from './testing/ways.ts'

const folder = createTestFolder()
afterAll(folder.remove)

const [authority, other] = [issue('authority'), issue('other authority')]
const server = issue('server', { by: authority, addresses: ['127.0.0.1'], dnsNames: ['store.example'] })
const client = issue('agent-1', { by: authority })
const DAY_MS = 86_400_000
const past = new Date(Date.now() - DAY_MS)
const clients = {
  known: client,
  unknown: issue('stranger', { by: other }),
  expired: issue('agent-0', { by: authority, from: new Date(Date.now() - 2 * DAY_MS), until: past }),
}
const put = (name: string, { cert, key }: { readonly cert: string; readonly key: string }) => ({
  cert: folder.put(`${name}.pem`, cert),
  key: folder.put(`${name}-key.pem`, key),
})
const ca = folder.put('ca.pem', authority.cert)
const otherCa = folder.put('other-ca.pem', other.cert)
const files = { known: put('known', clients.known), unknown: put('unknown', clients.unknown), expired: put('expired', clients.expired) }
const UNTRUSTED = "the server's certificate comes from an authority that is not trusted here"

const tls: ServerTls = { cert: server.cert, key: server.key }
const mutual: ServerTls = { ...tls, ca: authority.cert, asksForCertificate: true }

describe.each(WAYS)('$name', (way) => {
  const flag = (name: string, value: string): string => `--${way.tlsPrefix}.tls.${name}=${value}`
  const certificate = (name: keyof typeof files): readonly string[] => [flag('cert', files[name].cert), flag('key', files[name].key)]
  const refusal = async (flags: readonly string[], options: Parameters<typeof startWay>[2]): Promise<string> => {
    const { server: receiver, storage, write } = await startWay(way, flags, options)
    const error = await failureOf(write())
    expect(error).toBeInstanceOf(RetryableError)
    expect(error).toMatchObject({ needsOperator: true })
    expect(String(error)).toMatch(new RegExp(`${options?.host ?? '127.0.0.1'}:${receiver.port}`))
    expect(receiver.writes).toEqual([])
    expect(String(await failureOf(storage.check?.(never) ?? Promise.resolve()))).toContain('RetryableError')
    return String(error)
  }

  test('the authority of the server is trusted when it is named, and no other', async () => {
    const { server: receiver, storage, write } = await startWay(way, [flag('ca', ca)], { tls })
    await write()
    await storage.check?.(never)
    expect(receiver.writes).toHaveLength(1)
    expect(await refusal([flag('ca', otherCa)], { tls })).toContain(UNTRUSTED)
    expect(await refusal([], { tls })).toContain(UNTRUSTED)
  })

  test('any server is taken when the operator says so', async () => {
    const { write } = await startWay(way, [flag('skip-host-verify', 'true')], { tls })
    await expect(write()).resolves.toBeUndefined()
  })

  test('the name in the certificate is that of the address, or the one that is given', async () => {
    const host = 'localhost'
    expect(await refusal([flag('ca', ca)], { tls, host })).toContain('has another name: ')
    expect(await refusal([flag('ca', ca), flag('server-name', 'other.example')], { tls, host })).toMatch(
      /has another name: .*other\.example/,
    )
    for (const name of ['store.example', '127.0.0.1']) {
      const { write } = await startWay(way, [flag('ca', ca), flag('server-name', name)], { tls, host })
      await expect(write()).resolves.toBeUndefined()
    }
  })

  test('a client certificate is shown', async () => {
    const { write } = await startWay(way, [flag('ca', ca), ...certificate('known')], { tls: mutual })
    await expect(write()).resolves.toBeUndefined()
  })

  test('without one it is said that the server may ask for it', async () => {
    expect(await refusal([flag('ca', ca)], { tls: mutual })).toMatch(
      /refused by the peer with "tlsv13 alert certificate required"|it may ask for a client certificate, and none is given/,
    )
  })

  test('one that is unknown there, or expired, is told with its file and its dates', async () => {
    const unknown = await refusal([flag('ca', ca), ...certificate('unknown')], { tls: mutual })
    expect(unknown).toContain(`the client certificate ${files.unknown.cert} (CN=stranger, issued by CN=other authority), valid until`)
    expect(unknown).toContain('may not be accepted there')
    const expired = await refusal([flag('ca', ca), ...certificate('expired')], { tls: mutual })
    expect(expired).toContain(`${files.expired.cert} (CN=agent-0, issued by CN=authority) expired on ${past.toISOString().slice(0, 16)}`)
  })

  test('a peer without TLS is told as that', async () => {
    const { server: receiver } = await startWay(way, [])
    const { write } = await startWay({ ...way, serve: async () => ({ ...receiver, stop: () => undefined }) }, [flag('ca', ca)], { tls })
    expect(String(await failureOf(write()))).toMatch(/TLS: .*the peer speaks no TLS here/)
    expect(receiver.writes).toEqual([])
  })

  test('a peer with TLS that is addressed without keeps nothing and refuses nothing', async () => {
    const { server: receiver } = await startWay(way, [flag('ca', ca)], { tls })
    const { write } = await startWay({ ...way, serve: async () => ({ ...receiver, stop: () => undefined }) }, [])
    expect(await failureOf(write())).toBeInstanceOf(RetryableError)
    expect(receiver.writes).toEqual([])
  })
})

describe.concurrent('certificates that change while it runs', () => {
  const soon = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 100 })

  test.for(WAYS)('$name: an authority that is replaced', async (way, { onTestFinished: onFinished }) => {
    const path = folder.put(`${way.name} ca`, other.cert)
    const { server: receiver, write } = await startWay(way, [`--${way.tlsPrefix}.tls.ca=${path}`], { tls, onFinished })
    expect(await failureOf(write())).toMatchObject({ needsOperator: true })
    folder.put(`${way.name} ca`, authority.cert)
    await soon(write)
    expect(receiver.writes.length).toBeGreaterThan(0)
    folder.put(`${way.name} ca`, other.cert)
    await soon(async () => expect(await failureOf(write())).toMatchObject({ needsOperator: true }))
  })

  test.for(WAYS)('$name: a client certificate and its key, one file after the other', async (way, { onTestFinished: onFinished }) => {
    const name = `client of ${way.name}`
    const { cert, key } = put(name, clients.expired)
    const prefix = `--${way.tlsPrefix}.tls`
    const flags = [`${prefix}.ca=${ca}`, `${prefix}.cert=${cert}`, `${prefix}.key=${key}`]
    const { write } = await startWay(way, flags, { tls: mutual, onFinished })
    expect(String(await failureOf(write()))).toContain('expired on')
    folder.put(`${name}.pem`, client.cert)
    await soon(async () => expect(String(await failureOf(write()))).toContain(`the key ${key} does not belong to the certificate ${cert}`))
    folder.put(`${name}-key.pem`, client.key)
    await soon(write)
  })

  test.for(WAYS)('$name: what is on its way over the old connection arrives', async (way, { onTestFinished: onFinished }) => {
    const path = folder.put(`${way.name} kept`, authority.cert)
    const { server: receiver, write } = await startWay(way, [`--${way.tlsPrefix}.tls.ca=${path}`], { tls, onFinished })
    await write()
    let sent = 1
    folder.put(`${way.name} kept`, `${other.cert}${authority.cert}`)
    const end = Date.now() + 1500
    while (Date.now() < end) {
      await Promise.all([write(), write(), write()])
      sent += 3
    }
    expect(receiver.writes).toHaveLength(sent)
  })
})

test('a server that offers HTTP/2 is spoken to by HTTP/1.1: a connection a request', async () => {
  const versions: string[] = []
  const receiver = createSecureServer({ cert: server.cert, key: server.key, allowHTTP1: true }, (request, response) => {
    versions.push(request.httpVersion)
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void receiver.close())
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = receiver.address() as AddressInfo
  const way = WAYS.find(({ name }) => name === 'prometheus')!
  const { write } = await startWay(
    { ...way, serve: async () => ({ port, writes: [], stop: () => undefined }) },
    [`--prometheus.remote.tls.ca=${ca}`],
    {
      tls,
    },
  )
  await write()
  expect(versions).toEqual(['1.1'])
})
