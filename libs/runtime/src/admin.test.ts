import { Readable } from 'node:stream'

import { expect, describe, test } from 'vitest'

import { createAdminServer, formatUptime, startAdminServer } from './admin.ts'
import { createMetrics } from './metrics.ts'
import { createReadiness } from './readiness.ts'

const version = { version: '1.2.3', buildTime: '' }

function start() {
  const readiness = createReadiness()
  const metrics = createMetrics()
  return { readiness, metrics, server: createAdminServer({ metricsRoute: '/metrics', metrics, readiness, version }) }
}

describe('admin server', () => {
  test('health is 503 until ready, 200 then, 503 again when stopping', async () => {
    const { readiness, server } = start()
    expect((await server.inject('/')).statusCode).toBe(503)
    readiness.set('start', undefined)
    const ready = await server.inject('/anything')
    expect(ready.statusCode).toBe(200)
    expect(ready.json()).toMatchObject({ status: 'Server available' })
    readiness.stopping()
    expect((await server.inject('/')).json()).toEqual({ status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' })
    expect((await server.inject('/readyz')).body).toBe('stop: stopping\n')
  })

  test('/readyz names every reason, /livez answers all the same', async () => {
    const { readiness, server } = start()
    readiness.set('start', undefined)
    let away: string | undefined = 'connection refused'
    readiness.watch('bus', () => away)
    readiness.set('storage loki', '401')
    expect((await server.inject('/readyz')).body).toBe('storage loki: 401\nbus: connection refused\n')
    expect((await server.inject('/livez')).statusCode).toBe(200)
    away = undefined
    readiness.set('storage loki', undefined)
    expect((await server.inject('/readyz')).statusCode).toBe(200)
  })

  test.each<readonly [case_: string, reasons: readonly (readonly [string, string])[], readyz: number, text: string]>([
    ['ready', [], 200, 'ready\n'],
    ['one reason', [['bus', 'connection refused']], 503, 'bus: connection refused\n'],
    [
      'two reasons',
      [
        ['storage loki', '401'],
        ['bus', 'connection refused'],
      ],
      503,
      'storage loki: 401\nbus: connection refused\n',
    ],
  ])('/reasons says with 200 what /readyz says: %s', async (_case, reasons, readyz, text) => {
    const { readiness, server } = start()
    readiness.set('start', undefined)
    for (const [name, reason] of reasons) readiness.set(name, reason)
    expect((await server.inject('/ready')).statusCode).toBe(readyz)
    const answers = [await server.inject('/readyz'), await server.inject('/reasons')]
    expect(answers.map(({ statusCode, body }) => [statusCode, body])).toEqual([
      [readyz, text],
      [200, text],
    ])
  })

  test('a remark is told beside the reasons, and keeps nothing from being ready', async () => {
    const { readiness, server } = start()
    readiness.set('start', undefined)
    let remark: string | undefined = 'cannot be saved'
    readiness.remark('ledger', () => remark)
    const { statusCode, body } = await server.inject('/readyz')
    expect([statusCode, body]).toEqual([200, 'ready\nremark: ledger: cannot be saved\n'])
    readiness.set('bus', 'away')
    expect((await server.inject('/reasons')).body).toBe('bus: away\nremark: ledger: cannot be saved\n')
    remark = undefined
    expect((await server.inject('/reasons')).body).toBe('bus: away\n')
  })

  test('/reasons is 200 while stopping', async () => {
    const { readiness, server } = start()
    readiness.set('start', undefined)
    readiness.stopping()
    const { statusCode, body } = await server.inject('/reasons')
    expect([statusCode, body]).toEqual([200, 'stop: stopping\n'])
  })

  test('serves metrics and version', async () => {
    const { metrics, server } = start()
    metrics.counter('clymene_test_things_total', 'Things').inc(3)
    metrics.counter('clymene_test_things_total', 'Things').inc()
    expect((await server.inject('/metrics')).body).toContain('clymene_test_things_total 4')
    expect((await server.inject('/version')).json()).toEqual(version)
  })

  test('what a service adds below /api is served as JSON, and everything else there is not found', async () => {
    const { metrics, readiness } = start()
    const address = { host: '127.0.0.1', port: 0 }
    const admin = await startAdminServer({ flagName: 'f', metricsRoute: '/metrics', address, metrics, readiness, version })
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${admin.address.port}${path}`)
      return [response.status, await response.json()]
    }
    expect(await get('/api/ledger')).toEqual([404, { error: expect.stringContaining('nothing is served here') }])
    admin.serveJson('/api/ledger', async () => ({ books: [] }))
    admin.serveJson('/api/away', () => Promise.reject(new Error('the store is away')))
    expect(await get('/api/ledger?x=1')).toEqual([200, { books: [] }])
    expect(await get('/api/away')).toEqual([503, { error: 'the store is away' }])
    await admin.close()
  })

  test.each(['/reload', '/api/reload', '/', '/metrics', '/api/ledger'])('a POST that nobody does is no health: %s', async (path) => {
    const { metrics, readiness } = start()
    const address = { host: '127.0.0.1', port: 0 }
    const admin = await startAdminServer({ flagName: 'f', metricsRoute: '/metrics', address, metrics, readiness, version })
    const answer = await fetch(`http://127.0.0.1:${admin.address.port}${path}`, { method: 'POST' })
    expect([answer.status, await answer.json()]).toEqual([404, { error: expect.stringContaining('nothing is done here') }])
    await admin.close()
  })

  test.each<[method: string, init: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> }, status: number]>([
    ['POST', {}, 200],
    ['POST', { body: '{', headers: { 'content-type': 'application/json' } }, 200],
    ['POST', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 200],
    ['GET', {}, 405],
    ['HEAD', {}, 405],
    ['PUT', {}, 405],
  ])('an action that a service adds: %s %j', async (method, init, status) => {
    const { metrics, readiness } = start()
    const address = { host: '127.0.0.1', port: 0 }
    const admin = await startAdminServer({ flagName: 'f', metricsRoute: '/metrics', address, metrics, readiness, version })
    const peers: unknown[] = []
    admin.act('/-/reload', (peer) => {
      peers.push(peer)
      return Promise.resolve({ type: 'text/plain', headers: { 'x-a': 'b' }, body: 'done' })
    })
    const headers = { ...init.headers, authorization: 'Bearer t', 'x-forwarded-for': '192.0.2.1' }
    const answer = await fetch(`http://127.0.0.1:${admin.address.port}/-/reload?now`, { ...init, method, headers })
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, status === 405 ? 'POST' : null])
    if (status === 200) expect([await answer.text(), answer.headers.get('x-a')]).toEqual(['done', 'b'])
    expect(peers).toEqual(status === 200 ? [{ remoteAddress: '127.0.0.1', authorization: 'Bearer t' }] : [])
    await admin.close()
  })

  describe('pages that a service adds', () => {
    const open = async () => {
      const { metrics, readiness } = start()
      const address = { host: '127.0.0.1', port: 0 }
      const admin = await startAdminServer({ flagName: 'f', metricsRoute: '/metrics', address, metrics, readiness, version })
      const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${admin.address.port}${path}`, { method })
      return { admin, ask }
    }

    test('get the query and the host, and say type, status and headers', async () => {
      const { admin, ask } = await open()
      admin.serve('/targets', ({ query, host }) =>
        Promise.resolve({ status: 202, type: 'text/html', headers: { 'x-a': 'b' }, body: `${query.getAll('a').join('|')} ${host}` }),
      )
      const answer = await ask('/targets?a=1%202&a=%3Cb%3E')
      expect([answer.status, answer.headers.get('x-a'), await answer.text()]).toEqual([202, 'b', `1 2|<b> 127.0.0.1:${admin.address.port}`])
      expect(answer.headers.get('content-type')).toBe('text/html')
      expect([answer.headers.get('x-content-type-options'), answer.headers.get('cache-control')]).toEqual(['nosniff', 'no-store'])
      await admin.close()
    })

    test('are streamed', async () => {
      const { admin, ask } = await open()
      admin.serve('/long', () => Promise.resolve({ type: 'text/plain', body: Readable.from(['one ', 'two']) }))
      expect(await (await ask('/long')).text()).toBe('one two')
      await admin.close()
    })

    test.each([
      ['GET', '/targets', 200, 'the page'],
      ['HEAD', '/targets', 200, ''],
      ['POST', '/targets', 405, '{"error":"/targets takes GET"}'],
      ['GET', '/api/v1/targets', 200, 'the page'],
      ['HEAD', '/api/v1/targets', 200, ''],
      ['DELETE', '/api/v1/targets', 405, '{"error":"/api/v1/targets takes GET"}'],
      ['GET', '/targets/', 503, expect.stringContaining('Server not available')],
      ['GET', '/failing', 503, '{"error":"no targets yet"}'],
    ])('%s %s answers %d', async (method, path, status, body) => {
      const { admin, ask } = await open()
      for (const at of ['/targets', '/api/v1/targets'] as const)
        admin.serve(at, () => Promise.resolve({ type: 'text/plain', body: 'the page' }))
      admin.serve('/failing', () => Promise.reject(new Error('no targets yet')))
      const answer = await ask(path, method)
      expect([answer.status, await answer.text()]).toEqual([status, body])
      expect(answer.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null)
      await admin.close()
    })
  })

  test('a port in use names the flag', async () => {
    const options = {
      flagName: 'admin.http.host-ports',
      metricsRoute: '/metrics',
      metrics: createMetrics(),
      readiness: createReadiness(),
      version,
    }
    const first = await startAdminServer({ ...options, address: { host: '127.0.0.1', port: 0 } })
    await expect(startAdminServer({ ...options, address: first.address })).rejects.toThrow(
      `--admin.http.host-ports=127.0.0.1:${first.address.port}: the port is in use by another process; choose another address with --admin.http.host-ports`,
    )
    await first.close()
  })

  test.each([
    [0, '0s'],
    [1500, '1.5s'],
    [62_300, '1m2.3s'],
    [3_600_000, '1h0m0s'],
  ])('uptime of %d ms is %s', (milliseconds, text) => expect(formatUptime(milliseconds)).toBe(text))
})
