import { causesOf, errorCode, errorMessage } from '@clymene/model'

import type { ClientCertificate } from './http-access/client-certificate.ts'
import { isTlsFailure, tlsReason } from './tls-failure.ts'

export type ConnectionReason = {
  /** Without credentials; names the file, the certificate or the address that is to be mended. */
  readonly text: string
  /** A name that does not resolve, a file that cannot be read, or a certificate that is refused. */
  readonly needsOperator: boolean
}

/**
 * Why a request got no answer: one wording for scrapes, discovery and storages.
 *
 * @param certificate what is shown to the peer, which may be why it hangs up without a reason.
 */
export function connectionReason(error: unknown, certificate?: ClientCertificate): ConnectionReason {
  const causes = causesOf(error)
  const cause = causes.find((one) => OF_FILE.test(errorMessage(one))) ?? causes.at(-1)
  const code = errorCode(cause)
  const text = errorMessage(cause) || code
  const suspect = CUT.test(code) || CUT.test(text) ? certificate?.suspect() : undefined
  const toMend = [DNS, OF_FILE].some((pattern) => pattern.test(code) || pattern.test(text)) || isTlsFailure(code) || isTlsFailure(text)
  return {
    text: `${tlsReason(text, code, namesOf(cause))}${suspect === undefined ? '' : `; ${suspect}`}`,
    needsOperator: toMend || suspect !== undefined,
  }
}

const DNS = /\bENOTFOUND\b|\bEAI_(?:AGAIN|NODATA|NONAME)\b/
/** What `followFile` and those who use it say of a secret or certificate. */
const OF_FILE = /^cannot (?:read|use) |^the key .* does not belong/
/** The peer hung up, or said that a certificate is bad without saying why. */
const CUT = /UND_ERR_SOCKET|ECONNRESET|EPIPE|other side closed|socket hang up|alert .*(?:certificate|unknown ca)/

/** Node gives the certificate that it refused for its name. */
function namesOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null || !('cert' in cause)) return ''
  const { cert } = cause
  if (typeof cert !== 'object' || cert === null || !('subjectaltname' in cert)) return ''
  return typeof cert.subjectaltname === 'string' ? cert.subjectaltname : ''
}
