import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate, type SecureVersion } from 'node:tls'

import { errorMessage } from '@clymene/model'

import { followFile, type FollowedFile } from './followed-file.ts'
import { certificatesOf, privateKeyOf } from './pem.ts'

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
  /** Name or address that the server's certificate must have; absent: the host of the address. */
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
  /** What `ca` holds is trusted, be it an authority's authority or not: as with Go. */
  readonly allowPartialTrustChain?: boolean
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly servername?: string
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
  readonly ciphers?: string
}

/**
 * What a TLS connection that is opened now needs; a new object whenever one of the files has changed, else the same.
 *
 * @throws Error naming a file that cannot be read or is not what it should be.
 */
export function currentTlsOptions(tls: ClientTls): () => TlsOptions {
  const fixed = fixedOptions(tls)
  let seen: Found = { ca: undefined, cert: undefined, key: undefined }
  let options: TlsOptions | undefined
  return () => {
    const found: Found = { ca: tls.ca?.read(), cert: tls.cert?.read(), key: tls.key?.read() }
    const { ca, cert, key } = found
    if (options !== undefined && ca === seen.ca && cert === seen.cert && key === seen.key) return options
    checkFound(tls, found)
    seen = found
    options = {
      ...fixed,
      ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }
    return options
  }
}

function fixedOptions({ serverName, minVersion, maxVersion, skipVerify }: ClientTls): TlsOptions {
  const isAddress = serverName !== undefined && isIP(serverName) !== 0
  // OpenSSL speaks the first two versions only without its demands on signatures.
  const isOld = minVersion === 'TLSv1' || minVersion === 'TLSv1.1'
  return {
    rejectUnauthorized: skipVerify !== true,
    // An address may not be asked for by SNI (RFC 6066 §3), but it may stand in a certificate.
    ...(isAddress
      ? { checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(serverName, certificate) }
      : {}),
    ...(serverName === undefined || isAddress ? {} : { servername: serverName }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(isOld ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
  }
}

type Found = { readonly ca: Buffer | undefined; readonly cert: Buffer | undefined; readonly key: Buffer | undefined }

/** Node takes authorities that are none without a word, and speaks of OpenSSL's inner parts about the rest. */
function checkFound(tls: ClientTls, { ca, cert, key }: Found): void {
  if (ca !== undefined) readPem(ca, tls.ca?.path || 'ca', certificatesOf)
  const certificate = cert && readPem(cert, tls.cert?.path || 'cert', certificatesOf)[0]
  const privateKey = key && readPem(key, tls.key?.path || 'key', privateKeyOf)
  if (certificate === undefined || privateKey === undefined || certificate.checkPrivateKey(privateKey)) return
  throw new Error(`the key${named(tls.key)} does not belong to the certificate${named(tls.cert)}`)
}

const named = (pem: Pem | undefined): string => (pem === undefined || pem.path === '' ? '' : ` ${pem.path}`)

function readPem<T>(content: Buffer, name: string, read: (text: string) => T): T {
  try {
    return read(content.toString('latin1'))
  } catch (error) {
    // oxlint-disable-next-line preserve-caught-error -- who shows the root of a failure would lose the path
    throw new Error(`cannot use ${name}: ${errorMessage(error)}`)
  }
}
