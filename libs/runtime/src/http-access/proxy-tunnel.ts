import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

import { errorMessage } from '@clymene/model'
import { Client, type buildConnector } from 'undici'

import { connectionReason } from '../connection-reason.ts'
import type { ProxyRoute } from './proxy-route.ts'

export type TunnelOptions = {
  readonly route: ProxyRoute
  /** Opens connections to targets and proxies, with TLS where their address says so. */
  readonly connect: buildConnector.connector
  readonly timeoutMs: number
}

/** Connects for undici to targets with TLS, by CONNECT (RFC 9110 §9.3.6) where the way leads through a proxy. */
export function createTunnels({ route, connect, timeoutMs }: TunnelOptions): buildConnector.connector {
  return (options, callback) => {
    // What undici has from another connection may not be used for this one.
    const fail = (error: unknown): void => callback(error instanceof Error ? error : new Error(String(error)), null)
    try {
      const { protocol, hostname, port } = options
      const target = new URL(`${protocol}//${hostname}:${port === '' ? '443' : port}`)
      const proxy = route.proxyOf(target)
      if (proxy === undefined) {
        connect(options, callback)
        return
      }
      const authority = `${hostname}:${port === '' ? '443' : port}`
      openTunnel({ route, connect, timeoutMs }, proxy, authority).then((httpSocket) => connect({ ...options, httpSocket }, callback), fail)
    } catch (error) {
      fail(error)
    }
  }
}

async function openTunnel({ route, connect, timeoutMs }: TunnelOptions, proxy: URL, authority: string): Promise<Socket> {
  // A connection that has become a tunnel is the caller's: a client is of use once.
  const client = new Client(proxy.origin, { connect: namedConnector(proxy, connect), headersTimeout: timeoutMs, allowH2: false })
  const headers = {
    host: authority,
    ...Object.fromEntries([...route.connectHeaders].map(([name, secret]) => [name, secret()])),
    ...proxyCredentials(proxy),
  }
  try {
    const { statusCode, socket } = await client.connect({ path: authority, headers })
    if (statusCode >= 200 && statusCode < 300) return ownSocket(socket)
    socket.on('error', () => undefined).destroy()
    throw new Error(`${nameOf(proxy)} answered CONNECT with ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim())
  } catch (error) {
    const text = errorMessage(error)
    // Of some codes undici takes the error for one of an open connection, and would connect for ever.
    // oxlint-disable-next-line preserve-caught-error -- for the same reason
    throw new Error(text.startsWith(nameOf(proxy)) ? text : `${nameOf(proxy)}: ${connectionReason(error).text}`)
  } finally {
    void client.destroy()
  }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what undici gives after a CONNECT over HTTP/1.1
const ownSocket = (socket: unknown): Socket => socket as Socket

/** A connector whose errors say that it was the proxy that could not be reached. */
export function namedConnector(proxy: URL, connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      if (result[0] === null) callback(...result)
      else callback(new Error(`${nameOf(proxy)}: ${connectionReason(result[0]).text}`), null)
    })
}

/** The user in the address of a proxy (RFC 7617). */
export function proxyCredentials({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}

const nameOf = ({ origin }: URL): string => `the proxy ${origin}`
