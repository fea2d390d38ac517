import type { OutgoingHttpHeaders } from 'node:http'

import { Agent, Dispatcher } from 'undici'

import { createConnector } from './connector.ts'
import type { HttpAccess } from './http-access.ts'
import type { ProxyRoute } from './proxy-route.ts'
import { createTunnels, namedConnector, proxyCredentials } from './proxy-tunnel.ts'

export type ConnectionOptions = Pick<Agent.Options, 'headersTimeout' | 'bodyTimeout' | 'keepAliveTimeout' | 'keepAliveMaxTimeout'> & {
  /** To a target or proxy, TLS included. */
  readonly connectTimeoutMs: number
}

/**
 * Connections with the TLS and the proxies of an access; HTTP/2 only where it allows that and the peer wants it. Nothing is opened before
 * the first request, and headers of the access are not added: that is for who asks.
 */
export function openConnections(
  { tls, proxy, http2 }: Pick<HttpAccess, 'tls' | 'proxy' | 'http2'>,
  { connectTimeoutMs, ...options }: ConnectionOptions,
): Dispatcher {
  const connect = createConnector(tls ?? (() => NODE_DEFAULTS), connectTimeoutMs, http2)
  if (proxy === undefined) return new Agent({ ...options, allowH2: http2, connect })
  const tunnels = createTunnels({ route: proxy, connect, timeoutMs: connectTimeoutMs })
  const straight = new Agent({ ...options, allowH2: http2, connect: tunnels })
  // A proxy that is asked in plain HTTP is one of HTTP/1.1, also where it is reached by TLS.
  const toProxy = createConnector(tls ?? (() => NODE_DEFAULTS), connectTimeoutMs)
  return new ProxiedDispatcher(
    proxy,
    straight,
    (origin) => new Agent({ ...options, allowH2: false, connect: namedConnector(origin, toProxy) }),
  )
}

const NODE_DEFAULTS = { rejectUnauthorized: true }

/**
 * Sends requests for http:// to their proxy with the whole URL (RFC 9112 §3.2.2), and leaves the others to `straight`, whose
 * connections may be tunnels. A class, as undici asks for one.
 */
class ProxiedDispatcher extends Dispatcher {
  readonly #route: ProxyRoute
  readonly #straight: Dispatcher
  readonly #open: (proxy: URL) => Dispatcher
  readonly #proxies = new Map<string, Dispatcher>()

  constructor(route: ProxyRoute, straight: Dispatcher, open: (proxy: URL) => Dispatcher) {
    super()
    this.#route = route
    this.#straight = straight
    this.#open = open
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const target = new URL(options.origin ?? '')
    const proxy = target.protocol === 'http:' ? this.#route.proxyOf(target) : undefined
    if (proxy === undefined) return this.#straight.dispatch(options, handler)
    const headers = { ...plainHeaders(options.headers), host: target.host, ...proxyCredentials(proxy) }
    return this.#proxy(proxy).dispatch({ ...options, origin: proxy.origin, path: target.origin + options.path, headers }, handler)
  }

  #proxy(proxy: URL): Dispatcher {
    const open = this.#proxies.get(proxy.origin) ?? this.#open(proxy)
    this.#proxies.set(proxy.origin, open)
    return open
  }

  override async close(): Promise<void> {
    await Promise.all([this.#straight, ...this.#proxies.values()].map((one) => one.close()))
  }

  override async destroy(): Promise<void> {
    await Promise.all([this.#straight, ...this.#proxies.values()].map((one) => one.destroy()))
  }
}

function plainHeaders(headers: Dispatcher.DispatchOptions['headers']): OutgoingHttpHeaders {
  if (headers === null || headers === undefined) return {}
  if (Array.isArray(headers) || Symbol.iterator in headers) throw new TypeError('expected headers as an object')
  return headers
}
