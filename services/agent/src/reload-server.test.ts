import { ConfigError } from '@clymene/model'
import { adminAccess, createMetrics, silentLogger, type AdminAccess, type AdminRequest } from '@clymene/runtime'
import { afterEach, expect, test } from 'vitest'

import { startReloadServer, type ReloadServer } from './reload-server.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }

let server: ReloadServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** A server whose configuration is what the test says; `call` gives status, text and two headers. */
async function start(options: { reload?: () => Promise<void>; access?: AdminAccess; host?: string } = {}) {
  let reloads = 0
  server = await startReloadServer({
    address: { ...LOOPBACK, ...(options.host === undefined ? {} : { host: options.host }) },
    flagName: 'http.port',
    access: options.access ?? (() => undefined),
    reload: async () => {
      await options.reload?.()
      reloads++
    },
  })
  const { port } = server.address
  const call = async (method: string, path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...init })
    return {
      status: response.status,
      text: await response.text(),
      allow: response.headers.get('allow'),
      asks: response.headers.get('www-authenticate'),
    }
  }
  return { call, reloads: () => reloads }
}

test.each<[name: string, path: string, init: RequestInit]>([
  ['no body', '/api/reload', {}],
  ['a body of any kind', '/api/reload', { body: '{}', headers: { 'content-type': 'application/json' } }],
  ['a form', '/api/reload', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['a query', '/api/reload?now', {}],
])('POST with %s reads the configuration anew', async (_name, path, init) => {
  const { call, reloads } = await start()
  expect(await call('POST', path, init)).toMatchObject({ status: 200, text: 'config reload, success\n' })
  expect(reloads()).toBe(1)
})

test('a wrong configuration is 400 with every mistake', async () => {
  const { call, reloads } = await start({
    reload: () => Promise.reject(new ConfigError(['c.yml:1: a: unknown key', 'c.yml:2: b: unknown key'])),
  })
  expect(await call('POST', '/api/reload')).toMatchObject({ status: 400, text: 'c.yml:1: a: unknown key\nc.yml:2: b: unknown key\n' })
  expect(reloads()).toBe(0)
})

test('after a refusal the next one is read', async () => {
  let isWrong = true
  const { call } = await start({ reload: () => (isWrong ? Promise.reject(new ConfigError('wrong')) : Promise.resolve()) })
  expect(await call('POST', '/api/reload')).toMatchObject({ status: 400 })
  isWrong = false
  expect(await call('POST', '/api/reload')).toMatchObject({ status: 200 })
})

test('a fault of the program is 500, not a word about the configuration', async () => {
  const { call } = await start({ reload: () => Promise.reject(new TypeError('x is not a function')) })
  expect(await call('POST', '/api/reload')).toMatchObject({ status: 500 })
})

test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])('%s is 405', async (method) => {
  const { call, reloads } = await start()
  expect(await call(method, '/api/reload')).toMatchObject({ status: 405, allow: 'POST' })
  expect(reloads()).toBe(0)
})

test.each(['/', '/api', '/api/reload/', '/-/reload', '/metrics'])('POST %s is 404', async (path) => {
  const { call, reloads } = await start()
  expect(await call('POST', path)).toMatchObject({ status: 404 })
  expect(reloads()).toBe(0)
})

test('a body beyond any sense is not read', async () => {
  const { call, reloads } = await start()
  const { status } = await call('POST', '/api/reload', { body: 'x'.repeat(100_000), headers: { 'content-type': 'application/json' } })
  expect(status).toBe(200)
  expect(reloads()).toBe(1)
})

test.each<[status: 401 | 403 | 503, asks: string | null]>([
  [401, 'Bearer'],
  [403, null],
  [503, null],
])('who may not ask gets %i and why, and nothing is read', async (status, asks) => {
  const { call, reloads } = await start({ access: () => ({ status, message: 'because' }) })
  expect(await call('POST', '/api/reload')).toMatchObject({ status, text: 'because\n', asks })
  expect(reloads()).toBe(0)
})

test('who asks is the peer of the socket, whatever its headers say, and the token is what it shows', async () => {
  const seen: AdminRequest[] = []
  const access: AdminAccess = (request) => void seen.push(request)
  const { call } = await start({ access, host: '::' })
  const headers = { 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1', forwarded: 'for=192.0.2.1', authorization: 'Bearer t' }
  await call('POST', '/api/reload', { headers })
  expect(seen).toEqual([{ remoteAddress: '::ffff:127.0.0.1', authorization: 'Bearer t' }])
})

test('from this machine it is free, on a server that listens everywhere too', async () => {
  const { call, reloads } = await start({
    access: adminAccess({ tokenFile: '', metrics: createMetrics(), logger: silentLogger }),
    host: '',
  })
  expect(await call('POST', '/api/reload')).toMatchObject({ status: 200 })
  expect(reloads()).toBe(1)
})

test('a port in use names the flag', async () => {
  await start()
  const { port } = server!.address
  const second = startReloadServer({
    address: { ...LOOPBACK, port },
    flagName: 'http.port',
    access: () => undefined,
    reload: () => Promise.resolve(),
  })
  await expect(second).rejects.toThrow(`--http.port=127.0.0.1:${port}: the port is in use`)
})
