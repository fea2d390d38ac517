import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { Metadata } from '@grpc/grpc-js'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { startGrpcReceiver } from '../testing/grpc-receiver.ts'
import { createGrpcPeer } from './grpc-peer.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

/** An HTTP proxy that leads wherever it is asked for to `port` of this host. */
async function startProxy(port: number) {
  const asked: string[] = []
  const sockets = new Set<Duplex>()
  const server = createServer().on('connect', ({ url = '', headers }, client, head) => {
    asked.push(`${url} ${headers['proxy-authorization'] ?? ''}`.trim())
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      target.write(head)
      target.pipe(client).pipe(target)
    })
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return { asked, host: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('a gateway by gRPC, as docs/credentials.md says of proxies', () => {
  const call = async (address: string): Promise<void> => {
    const peer = createGrpcPeer({ address, channel: {}, tls: undefined })
    cleanups.push(() => peer.close())
    await peer.use(
      (client) =>
        new Promise<void>((resolve, reject) => {
          const bytes = (value: Buffer): Buffer => value
          const path = '/prometheus.ClymeneService/RequestMetrics'
          const deadline = Date.now() + 10_000
          client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), new Metadata(), { deadline }, (error) =>
            error === null ? resolve() : reject(error),
          )
        }),
    )
  }

  test.each(['grpc_proxy', 'https_proxy', 'http_proxy'])('%s: by CONNECT, with the name for the proxy to look up', async (variable) => {
    const receiver = await startGrpcReceiver()
    cleanups.push(receiver.stop)
    const { asked, host } = await startProxy(Number(receiver.address.split(':').at(-1)))
    vi.stubEnv(variable, `http://me:secret@${host}`)
    await call('gateway.invalid:15610')
    expect(asked).toEqual([`gateway.invalid:15610 Basic ${btoa('me:secret')}`])
    expect(receiver.calls).toHaveLength(1)
  })

  test.each([
    ['a name in no_proxy', 'grpc_proxy', '127.0.0.1'],
    ['capital letters', 'HTTPS_PROXY', ''],
  ])('%s: straight', async (_, variable, noProxy) => {
    const receiver = await startGrpcReceiver()
    cleanups.push(receiver.stop)
    const { asked, host } = await startProxy(1)
    vi.stubEnv(variable, `http://${host}`)
    vi.stubEnv('no_proxy', noProxy)
    await call(receiver.address)
    expect({ asked, calls: receiver.calls.length }).toEqual({ asked: [], calls: 1 })
  })
})
