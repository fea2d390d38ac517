import { createServer } from 'node:tls'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { watchTls } from './client-certificates.ts'

/** A connection as the server sees it after its handshake. */
const connection = (authorized: boolean, port: number) => {
  const closed: (() => void)[] = []
  const socket = {
    authorized,
    authorizationError: 'CERT_HAS_EXPIRED',
    remoteAddress: '10.0.0.1',
    remotePort: port,
    bytesRead: 1,
    getPeerX509Certificate: () => ({ subject: 'CN=agent' }),
    once: (_event: string, act: () => void) => closed.push(act),
    destroy: () => undefined,
  }
  return {
    socket,
    peer: { remoteAddress: '10.0.0.1', remotePort: port },
    close: () => closed.forEach((act) => act()),
  }
}

test('only an open connection with a good certificate is taken: a request that outlives its connection is not', () => {
  const server = createServer()
  const certificates = watchTls(server, { server: 'http', requiresCertificate: true, metrics: createMetrics(), logger: silentLogger })
  const [good, bad] = [connection(true, 1), connection(false, 2)]
  for (const { socket } of [good, bad]) server.emit('secureConnection', socket)
  expect(certificates.refusalOf(good.peer)).toBeUndefined()
  expect(certificates.refusalOf(bad.peer)).toContain('that of CN=agent has expired')
  for (const { close } of [good, bad]) close()
  expect([certificates.refusalOf(good.peer), certificates.refusalOf(bad.peer), certificates.refusalOf({})]).toEqual(
    Array(3).fill('the connection has closed'),
  )
})

test('the end of a connection says nothing of the next from the same port', () => {
  const server = createServer()
  const certificates = watchTls(server, { server: 'http', requiresCertificate: true, metrics: createMetrics(), logger: silentLogger })
  const [before, after] = [connection(true, 1), connection(true, 1)]
  server.emit('secureConnection', before.socket)
  server.emit('secureConnection', after.socket)
  before.close()
  expect(certificates.refusalOf(after.peer)).toBeUndefined()
})
