import { BlockList, isIP } from 'node:net'

import type { Secret } from './secret.ts'

/** Which requests go through a proxy, and how it is spoken to. */
export type ProxyRoute = {
  /** The proxy of a request for this URL; undefined when it goes straight. @throws Error naming a variable that holds no address */
  readonly proxyOf: (target: URL) => URL | undefined
  /** Further headers of a CONNECT, names in small letters. */
  readonly connectHeaders: ReadonlyMap<string, Secret>
}

/** Every request through one proxy but for those that `noProxy` names; empty: all of them, those to this host too. */
export function fixedProxy(proxy: URL, noProxy: string): ProxyRoute['proxyOf'] {
  if (noProxy.trim() === '') return () => proxy
  const goesStraight = straightTargets(noProxy)
  return (target) => (goesStraight(target) ? undefined : proxy)
}

/** HTTP_PROXY for http, HTTPS_PROXY for https, and NO_PROXY, or the same in small letters. */
export function environmentProxy(env: NodeJS.ProcessEnv): ProxyRoute['proxyOf'] {
  const goesStraight = straightTargets(valueOf(env, 'NO_PROXY')?.value ?? '')
  const proxies = new Map([
    ['http:', valueOf(env, 'HTTP_PROXY')],
    ['https:', valueOf(env, 'HTTPS_PROXY')],
  ])
  return (target) => {
    const found = proxies.get(target.protocol)
    if (found === undefined || goesStraight(target)) return undefined
    const proxy = proxyUrl(found.value)
    // The value may hold a password.
    if (proxy === undefined) throw new Error(`the environment's ${found.name} is no address of a proxy, expected ${PROXY_EXPECTED}`)
    return proxy
  }
}

function valueOf(env: NodeJS.ProcessEnv, upper: string): { readonly name: string; readonly value: string } | undefined {
  const name = [upper, upper.toLowerCase()].find((one) => (env[one] ?? '') !== '')
  return name === undefined ? undefined : { name, value: env[name] ?? '' }
}

export const PROXY_EXPECTED = 'http://host:port or https://host:port'

/** The address of a proxy; `host:port` is one that is spoken to without TLS. undefined when it is none, or of another kind. */
export function proxyUrl(text: string): URL | undefined {
  const full = text.includes('://') ? text : `http://${text}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : undefined
}

/**
 * The targets that a list as in NO_PROXY names: `*`, addresses, CIDR, names with all below them, `.name` for those below only, each but
 * CIDR with a port or without. This host itself is always among them. Entries that are malformed name nothing, as in Go.
 *
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function straightTargets(list: string): (target: URL) => boolean {
  const entries = list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
  if (entries.includes('*')) return () => true
  const matches = entries.flatMap((entry) => matchOf(entry) ?? [])
  return ({ hostname, port, protocol }) => {
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    if (host === 'localhost' || LOOPBACK.check(host, familyOf(host))) return true
    return matches.some((match) => match(host, port === '' ? (protocol === 'https:' ? '443' : '80') : port))
  }
}

type Match = (host: string, port: string) => boolean

function matchOf(entry: string): Match | undefined {
  const cidr = /^(?<address>[^/]+)\/(?<bits>\d+)$/.exec(entry)?.groups
  if (cidr !== undefined) return networkMatch(cidr['address'] ?? '', Number(cidr['bits']))
  const { host = '', port = '' } =
    isIP(entry) === 6 ? { host: entry } : (/^(?<host>\[.*\]|[^:]*)(?::(?<port>.*))?$/.exec(entry)?.groups ?? {})
  const samePort = (wanted: string): boolean => port === '' || port === wanted
  const name = host.replace(/^\[(.*)\]$/, '$1')
  if (name === '') return undefined
  if (isIP(name) !== 0) {
    const network = networkMatch(name, isIP(name) === 6 ? 128 : 32)
    return network && ((target, wanted) => network(target, wanted) && samePort(wanted))
  }
  const below = name.replace(/^\*(?=\.)/, '')
  const suffix = below.startsWith('.') ? below : `.${below}`
  return (target, wanted) => isIP(target) === 0 && (target.endsWith(suffix) || target === below) && samePort(wanted)
}

function networkMatch(address: string, bits: number): Match | undefined {
  const family = isIP(address)
  if (family === 0 || bits > (family === 6 ? 128 : 32)) return undefined
  const network = new BlockList()
  network.addSubnet(address, bits, familyOf(address))
  return (target) => isIP(target) !== 0 && network.check(target, familyOf(target))
}

const familyOf = (host: string): 'ipv4' | 'ipv6' => (isIP(host) === 6 ? 'ipv6' : 'ipv4')

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')
