import { constants, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { ConfigError, errorCode, errorMessage, type Logger } from '@clymene/model'
import { pemMistakes, type Metrics } from '@clymene/runtime'

import { createFollowed, type Followed } from './followed.ts'

/** What a server shows and whom it trusts, checked to fit together. */
export type ServerTls = {
  readonly cert: Buffer
  readonly key: Buffer
  /** Authorities of the clients; undefined: no client certificate is asked for. */
  readonly clientCa: Buffer | undefined
  readonly expiresAtMs: number
}

export type CertificatePaths = { readonly cert: string; readonly key: string; readonly clientCa: string }

export type CertificateOptions = {
  readonly server: 'http' | 'grpc'
  readonly paths: CertificatePaths
  readonly metrics: Metrics
  readonly logger: Logger
}

/** The certificate of a server, taken anew as a whole when its files change. @throws ConfigError naming every flag that is wrong */
export function followCertificate({ server, paths, metrics, logger }: CertificateOptions): Followed<ServerTls> {
  checkPaths(server, paths)
  const prefix = prefixOf(server)
  const certificate = createFollowed({
    what: `${server} certificate`,
    paths: [paths.cert, paths.key, ...(paths.clientCa === '' ? [] : [paths.clientCa])],
    read: ([cert, key, clientCa]) => {
      const tls = checked(prefix, paths, { cert: cert ?? EMPTY, key: key ?? EMPTY, clientCa })
      warnOfDates(tls, server, paths.cert, logger)
      return tls
    },
    metrics,
    logger,
  })
  const expiry = metrics.gauge(
    'clymene_gateway_tls_certificate_expiry_timestamp_seconds',
    'When the certificate of a server expires, seconds since the epoch',
    ['server'],
  )
  expiry.set({ server }, certificate.current().expiresAtMs / 1000)
  return {
    current: certificate.current,
    look: () => {
      certificate.look()
      expiry.set({ server }, certificate.current().expiresAtMs / 1000)
    },
  }
}

/** For the start of a server and for `setSecureContext`. */
export const secureContextOf = ({ cert, key, clientCa }: ServerTls) => ({
  cert,
  key,
  minVersion: 'TLSv1.2' as const,
  // A session that is taken up again would go by what was found of a certificate when it began.
  ...(clientCa === undefined ? {} : { ca: clientCa, secureOptions: constants.SSL_OP_NO_TICKET }),
})

/** Who shows no good certificate is told so by `watchTls`. */
export const tlsServerOptions = (tls: ServerTls) => ({
  ...secureContextOf(tls),
  ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
})

const EMPTY = Buffer.alloc(0)
const prefixOf = (server: string): string => `gateway.${server}-server.tls`

function checkPaths(server: string, { cert, key, clientCa }: CertificatePaths): void {
  const mistakes: string[] = []
  for (const [name, path] of [
    ['cert', cert],
    ['key', key],
    ['client-ca', clientCa],
  ] as const) {
    if (path === '' && name === 'client-ca') continue
    try {
      if (path === '') throw new Error('expected the path of a PEM file')
      readFileSync(path)
    } catch (error) {
      mistakes.push(`--${prefixOf(server)}.${name}=${JSON.stringify(path)}: ${errorMessage(error)}`)
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

/** @throws ConfigError with every mistake */
function checked(prefix: string, paths: CertificatePaths, { cert, key, clientCa }: Omit<ServerTls, 'expiresAtMs'>): ServerTls {
  const mistakes = [...pemMistakes(prefix, { cert, key })]
  try {
    if (clientCa !== undefined) checkAuthorities(clientCa)
  } catch (error) {
    const why = errorCode(error) || errorMessage(error)
    mistakes.push(`--${prefix}.client-ca=${JSON.stringify(paths.clientCa)}: expected PEM certificates (${why})`)
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { cert, key, clientCa, expiresAtMs: new X509Certificate(cert).validToDate.getTime() }
}

/** OpenSSL passes over what is no certificate; a gateway must not end up trusting nobody, or fewer than the file says. */
function checkAuthorities(pem: Buffer): void {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error('found none')
  blocks.forEach((block) => void new X509Certificate(block))
}

function warnOfDates({ cert, expiresAtMs }: ServerTls, server: string, path: string, logger: Logger): void {
  const { validFromDate, validTo, validFrom } = new X509Certificate(cert)
  const fields = { server, path, validFrom, validTo }
  if (expiresAtMs < Date.now()) logger.warn('the certificate of this server has expired: clients that check it refuse it', fields)
  else if (validFromDate.getTime() > Date.now()) logger.warn('the certificate of this server is not valid yet', fields)
}
