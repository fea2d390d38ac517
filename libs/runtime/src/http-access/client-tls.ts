import type { SecureVersion } from 'node:tls'

import { buildConnector } from 'undici'

import { followFile, type FollowedFile } from './followed-file.ts'

/** PEM that stands in a configuration or in a file that may be replaced. */
export type Pem = FollowedFile

export const pemText = (text: string): Pem => {
  const content = Buffer.from(text)
  return { path: '', read: () => content }
}
export const pemFile = (path: string): Pem => followFile(path)

export type ClientTls = {
  /** Authorities to trust; absent: those that come with Node. */
  readonly ca?: Pem
  /** Client certificate, with its key. */
  readonly cert?: Pem
  readonly key?: Pem
  /** Name that the server's certificate must have; absent: the host of the address. */
  readonly serverName?: string
  /** Take any certificate. */
  readonly skipVerify?: boolean
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
}

/** Fits node:tls, undici, grpc-js and the Elasticsearch client alike. */
export type TlsOptions = {
  readonly rejectUnauthorized: boolean
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly servername?: string
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
}

/** What a TLS connection that is opened now needs; a new object whenever one of the files has changed, else the same. @throws Error naming a file */
export function currentTlsOptions(tls: ClientTls): () => TlsOptions {
  let seen: readonly (Buffer | undefined)[] = []
  let options: TlsOptions | undefined
  return () => {
    const [ca, cert, key] = [tls.ca?.read(), tls.cert?.read(), tls.key?.read()]
    if (options !== undefined && ca === seen[0] && cert === seen[1] && key === seen[2]) return options
    seen = [ca, cert, key]
    options = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
      ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
      rejectUnauthorized: tls.skipVerify !== true,
    }
    return options
  }
}

/**
 * Connects for undici (`new Pool(origin, { connect })`) with the files as they are at that moment. After a change sessions are not
 * resumed: a resumed one would go by the certificates of before.
 */
export function createConnector(tls: ClientTls, timeoutMs: number): buildConnector.connector {
  const current = currentTlsOptions(tls)
  let used: TlsOptions | undefined
  let connect: buildConnector.connector | undefined
  return (options, callback) => {
    try {
      const wanted = current()
      if (connect === undefined || wanted !== used) {
        used = wanted
        connect = buildConnector({ ...wanted, timeout: timeoutMs })
      }
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null)
      return
    }
    connect(options, callback)
  }
}
