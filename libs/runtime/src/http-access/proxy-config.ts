import type { ConfigMap } from './config-map.ts'
import { isHeaderName, isHeaderValue } from './header-config.ts'
import { environmentProxy, fixedProxy, PROXY_EXPECTED, type ProxyRoute, proxyUrl } from './proxy-route.ts'
import { secretText, type Secret } from './secret.ts'

export const PROXY_KEYS = ['proxy_url', 'no_proxy', 'proxy_from_environment', 'proxy_connect_header']

/**
 * Reads the four keys about proxies, which stand beside others in `parent`. Mistakes never show the address: a password may be in it.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
export function parseProxyConfig(parent: ConfigMap, env: NodeJS.ProcessEnv): ProxyRoute | undefined {
  const ofEnvironment = parent.bool('proxy_from_environment', false)
  const text = parent.text('proxy_url')
  const noProxy = parent.text('no_proxy') ?? ''
  const connectHeaders = parseConnectHeaders(parent)
  const proxy = text === undefined ? undefined : parseProxyUrl(parent, text)
  if (ofEnvironment)
    for (const key of ['proxy_url', 'no_proxy']) if (parent.has(key)) parent.mistake(key, 'excludes proxy_from_environment')
  if (!ofEnvironment && text === undefined) {
    if (noProxy !== '') parent.mistake('no_proxy', 'needs proxy_url beside it')
    if (connectHeaders.size > 0) parent.mistake('proxy_connect_header', 'needs proxy_url or proxy_from_environment beside it')
  }
  if (ofEnvironment) return { proxyOf: environmentProxy(env), connectHeaders }
  return proxy && { proxyOf: fixedProxy(proxy, noProxy), connectHeaders }
}

function parseProxyUrl(parent: ConfigMap, text: string): URL | undefined {
  const proxy = proxyUrl(text)
  if (proxy !== undefined && text.includes('://')) return proxy
  const kind = /^(socks\w*):\/\//i.exec(text)?.[1]
  parent.mistake('proxy_url', `${kind === undefined ? '' : `${kind} is not supported, `}expected ${PROXY_EXPECTED}`)
  return undefined
}

/** Several values of one name become one list (RFC 9110 §5.3). */
function parseConnectHeaders(parent: ConfigMap): ReadonlyMap<string, Secret> {
  const map = parent.map('proxy_connect_header')
  const headers = new Map<string, Secret>()
  for (const name of map?.keys() ?? []) {
    const values = map?.texts(name) ?? []
    if (!isHeaderName(name)) map?.mistake(name, 'is no name of a header')
    if (!values.every(isHeaderValue)) map?.mistake(name, 'holds a line end or another character that a header cannot carry')
    if (values.length > 0) headers.set(name.toLowerCase(), secretText(values.join(', ')))
  }
  return headers
}
