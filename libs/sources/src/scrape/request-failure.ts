import { errorCode } from '@clymene/model'
import { type ClientCertificate, tlsReason } from '@clymene/runtime'

const UNKNOWN_AUTHORITY = "the server's certificate comes from an authority that is not trusted here"

/** What Node says about a server's certificate, in terms of tls_config. */
const CERTIFICATES: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', "the server's certificate, or that of its authority, has expired"],
  ['CERT_NOT_YET_VALID', "the server's certificate is not valid yet"],
  ['CERT_REVOKED', "the server's certificate was revoked"],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', "the server's certificate is signed by itself and not trusted here"],
  ['SELF_SIGNED_CERT_IN_CHAIN', UNKNOWN_AUTHORITY],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', UNKNOWN_AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT', UNKNOWN_AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', UNKNOWN_AUTHORITY],
  ['CERT_SIGNATURE_FAILURE', UNKNOWN_AUTHORITY],
  ['CERT_UNTRUSTED', UNKNOWN_AUTHORITY],
])

/** The peer hung up. */
const CUT: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** Why a request got no answer, as somebody can mend it. `certificate` is the client's, which may be why the server hangs up. */
export function requestFailure(error: unknown, certificate?: ClientCertificate): Error {
  const cause = error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as unknown) : error
  const code = errorCode(cause)
  const text = cause instanceof Error ? cause.message || code : String(cause)
  return new Error(CERTIFICATES.get(code) ?? otherName(cause, code) ?? withSuspect(tlsReason(text), code, certificate), { cause: error })
}

function otherName(cause: unknown, code: string): string | undefined {
  if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return undefined
  const reason = typeof cause === 'object' && cause !== null && 'reason' in cause ? String(cause.reason) : ''
  return `the server's certificate has another name: ${reason}`
}

function withSuspect(text: string, code: string, certificate: ClientCertificate | undefined): string {
  const suspect = CUT.has(code) ? certificate?.suspect() : undefined
  return suspect === undefined ? text : `${text}; ${suspect}`
}
