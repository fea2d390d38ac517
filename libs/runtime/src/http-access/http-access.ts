import type { buildConnector } from 'undici'

import { type ClientTls, createConnector } from './client-tls.ts'
import type { Secret } from './secret.ts'

/** How a client proves who it is and whom it trusts. At most one of `basic` and `authorization`. */
export type HttpAccessOptions = {
  readonly basic?: { readonly username: Secret; readonly password: Secret }
  /** `Authorization: <type> <credentials>`, mostly of type Bearer. */
  readonly authorization?: { readonly type: string; readonly credentials: Secret }
  /** Further headers, names in small letters. */
  readonly headers?: ReadonlyMap<string, Secret>
  readonly tls?: ClientTls
}

export type HttpAccess = {
  /** For every request anew: files may have changed. @throws Error naming the file of a secret that cannot be read */
  readonly headers: () => Readonly<Record<string, string>>
  /** Opens TLS connections with the certificates of that moment; undefined when Node's own defaults do. */
  readonly connect: ((timeoutMs: number) => buildConnector.connector) | undefined
}

export const NO_ACCESS: HttpAccess = { headers: () => ({}), connect: undefined }

/** Credentials and TLS of an HTTP client, for every kind of them: scrapes, discovery, storages. Nothing is read before the first request. */
export function createHttpAccess({ basic, authorization, headers, tls }: HttpAccessOptions): HttpAccess {
  return {
    headers: () => ({
      ...Object.fromEntries([...(headers ?? [])].map(([name, secret]) => [name, secret()])),
      ...(basic === undefined ? {} : { authorization: basicCredentials(basic.username(), basic.password()) }),
      ...(authorization === undefined ? {} : { authorization: `${authorization.type} ${authorization.credentials()}` }),
    }),
    connect: tls === undefined ? undefined : (timeoutMs) => createConnector(tls, timeoutMs),
  }
}

/** RFC 7617. */
export const basicCredentials = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
