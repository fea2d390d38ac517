import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:tls'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { issue } from '../testing/certificates.ts'
import { currentTlsOptions, pemText, type Pem, type TlsOptions } from './client-tls.ts'
import { createConnector } from './connector.ts'

const authority = issue('authority')
const certificate = issue('server', { by: authority, dnsNames: ['localhost'] })

let server: Server
let resumed: boolean[] = []
beforeEach(async () => {
  resumed = []
  server = createServer({ cert: certificate.cert, key: certificate.key }, (socket) => {
    resumed.push(socket.isSessionReused())
    socket.on('error', () => undefined)
    socket.end('x')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

/** Connects and waits until the server has said all, its session among it. */
function connectOnce(connect: ReturnType<typeof createConnector>): Promise<void> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what listening on TCP gives
  const port = String((server.address() as AddressInfo).port)
  return new Promise((resolve, reject) => {
    connect({ hostname: '127.0.0.1', host: `localhost:${port}`, protocol: 'https:', port }, (error, socket) => {
      if (error !== null) return reject(error)
      return socket
        .on('end', () => resolve())
        .on('error', reject)
        .resume()
    })
  })
}

/** A file that the test replaces. */
function replaceable(text: string) {
  let content = Buffer.from(text)
  const pem: Pem = { path: '/tls/file', read: () => content }
  return { pem, replace: (next: string): void => void (content = Buffer.from(next)) }
}

test('sessions are resumed while the files are the same, and not after a change', async () => {
  const ca = replaceable(authority.cert)
  const connect = createConnector(currentTlsOptions({ ca: ca.pem, serverName: 'localhost' }), 5000)
  await connectOnce(connect)
  await connectOnce(connect)
  expect(resumed).toEqual([false, true])
  ca.replace(`${authority.cert}\n`)
  await connectOnce(connect)
  await connectOnce(connect)
  expect(resumed).toEqual([false, true, false, true])
})

test('authorities that no longer know the server end it, although a session is there', async () => {
  const ca = replaceable(authority.cert)
  const connect = createConnector(currentTlsOptions({ ca: ca.pem }), 5000)
  await connectOnce(connect)
  ca.replace(issue('other').cert)
  await expect(connectOnce(connect)).rejects.toThrow('unable to get local issuer certificate')
})

test('files that cannot be used are the error of that connection, and of the next one no more', async () => {
  const ca = replaceable('')
  const connect = createConnector(currentTlsOptions({ ca: ca.pem }), 5000)
  await expect(connectOnce(connect)).rejects.toThrow('cannot use /tls/file: expected a certificate as PEM')
  await expect(connectOnce(connect)).rejects.toThrow('cannot use /tls/file')
  ca.replace(authority.cert)
  await connectOnce(connect)
  ca.replace('x')
  await expect(connectOnce(connect)).rejects.toThrow('cannot use /tls/file')
  expect(resumed).toHaveLength(1)
})

test('the options are the same object until a file changes', () => {
  const ca = replaceable(authority.cert)
  const current = currentTlsOptions({ ca: ca.pem, cert: pemText(certificate.cert), key: pemText(certificate.key) })
  const first = current()
  expect(current()).toBe(first)
  ca.replace(authority.cert)
  expect(current()).not.toBe(first)
})

test('what cannot be connected with is an error, not an exception beside the callback', async () => {
  const wrong = (): TlsOptions => ({ rejectUnauthorized: true, servername: '127.0.0.1' })
  await expect(connectOnce(createConnector(wrong, 5000))).rejects.toThrow('ServerName')
})

test('nothing is read before the first connection', () => {
  const read = vi.fn<() => Buffer>()
  createConnector(currentTlsOptions({ ca: { path: 'x', read } }), 5000)
  expect(read).not.toHaveBeenCalled()
})
