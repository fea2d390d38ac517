import type { buildConnector } from 'undici'

import { createClientCertificate, type ClientCertificate } from './client-certificate.ts'
import { type ClientTls, currentTlsOptions, type TlsOptions } from './client-tls.ts'
import { createConnector } from './connector.ts'
import { createTokenSource, type OAuth2Options, type TokenSource } from './oauth2-token.ts'
import type { ProxyRoute } from './proxy-route.ts'
import type { Secret } from './secret.ts'

/** How a client proves who it is and whom it trusts. At most one of `basic` and `authorization`. */
export type HttpAccessOptions = {
  readonly basic?: { readonly username: Secret; readonly password: Secret }
  /** `Authorization: <type> <credentials>`, mostly of type Bearer. */
  readonly authorization?: { readonly type: string; readonly credentials: Secret }
  /** Further headers, names in small letters. */
  readonly headers?: ReadonlyMap<string, Secret>
  /** Further headers whose names may change too, those of a file. */
  readonly currentHeaders?: () => ReadonlyMap<string, string>
  readonly tls?: ClientTls
  /** Excludes `basic` and `authorization`. */
  readonly oauth2?: OAuth2Options
  readonly proxy?: ProxyRoute
  /** Whether servers with TLS may choose HTTP/2. */
  readonly http2?: boolean
}

export type HttpAccess = {
  /**
   * For every request anew: files may have changed. An OAuth 2 token is not among them, `authorizedRequest` adds it.
   *
   * @throws Error naming the file of a secret that cannot be read
   */
  readonly headers: () => Readonly<Record<string, string>>
  /** Opens TLS connections with the certificates of that moment; undefined when Node's own defaults do. `openConnections` knows proxies too. */
  readonly connect: ((timeoutMs: number) => buildConnector.connector) | undefined
  /** Another object after a change: connections from before it may be closed then. undefined when there is nothing to change. @throws Error naming a file */
  readonly tls: (() => TlsOptions) | undefined
  /** What is shown to a peer, for the error of one that hangs up; undefined when nothing is. */
  readonly certificate: ClientCertificate | undefined
  readonly token: TokenSource | undefined
  readonly proxy: ProxyRoute | undefined
  readonly http2: boolean
}

export const NO_ACCESS: HttpAccess = {
  headers: () => ({}),
  connect: undefined,
  tls: undefined,
  certificate: undefined,
  token: undefined,
  proxy: undefined,
  http2: true,
}

/** Credentials and TLS of an HTTP client, for every kind of them: scrapes, discovery, storages. Nothing is read before the first request. */
export function createHttpAccess(options: HttpAccessOptions): HttpAccess {
  const { basic, authorization, headers, currentHeaders, tls, oauth2, proxy, http2 } = options
  const current = tls && currentTlsOptions(tls)
  return {
    headers: () =>
      Object.fromEntries([
        ...[...(headers ?? [])].map(([name, secret]) => [name, headerText(name, secret())]),
        ...[...(currentHeaders?.() ?? [])].map(([name, value]) => [name, headerText(name, value)]),
        ...(basic === undefined ? [] : [['authorization', basicCredentials(basic.username(), basic.password())]]),
        ...(authorization === undefined
          ? []
          : [['authorization', headerText('authorization', `${authorization.type} ${authorization.credentials()}`)]]),
      ]),
    connect: current && ((timeoutMs) => createConnector(current, timeoutMs)),
    tls: current,
    certificate: tls && createClientCertificate(tls),
    token: oauth2 && createTokenSource(oauth2),
    proxy,
    http2: http2 ?? false,
  }
}

/** RFC 7617, with the charset that every server takes by now. */
export const basicCredentials = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** Text as the bytes of UTF-8, one a character, which is how Node writes headers. @throws Error without the text */
function headerText(name: string, text: string): string {
  // oxlint-disable-next-line no-control-regex -- what RFC 9110 §5.5 does not let into a value
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) throw new Error(`the header ${name} would hold a line end or control character`)
  return Buffer.from(text, 'utf8').toString('latin1').trim()
}
