/**
 * Does an error's text or code speak of certificates or of the handshake? Clients of gRPC and Elasticsearch pass on the text of such an
 * error but not its code. Somebody has to mend an address, a file or a peer.
 */
export const isTlsFailure = (text: string): boolean => TLS_TEXTS.test(text)

const TLS_TEXTS =
  /certificate|altnames|SSL routines|SSL alert|self[-_ ]signed|unable[_ ]to[_ ](?:get|verify)|CERT_|_CERT|x509|tlsv1|ERR_TLS|ERR_SSL|ERR_OSSL/i

/**
 * What Node and OpenSSL say of a handshake that failed, as somebody can mend it: about the server's certificate what is wrong with it;
 * of `F00:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/…` not what is about OpenSSL's source. Other texts
 * as they are.
 *
 * @param code of the error, where it is known.
 * @param has the names of the server's certificate (`DNS:a, IP Address:::1`), where they are known.
 */
export function tlsReason(text: string, code = '', has = ''): string {
  const said = text.replace(NODE_ADVICE, '')
  const certificate = CERTIFICATES.find((one) => one.code === code || one.text === said)
  if (certificate !== undefined) return certificate.told
  const names = /altnames: (.*)$/s.exec(said)?.[1]
  if (names !== undefined) return otherName(names, has)
  const reason = /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:\n]+)/.exec(said)?.[1]
  if (reason === undefined) return said
  if (reason === 'wrong version number' || reason === 'packet length too long') return `TLS: ${reason}, the peer speaks no TLS here`
  return reason.includes('alert') ? `TLS: refused by the peer with "${reason}"` : `TLS: ${reason}`
}

/** For an address Node lists only the addresses of the certificate, which most have none of. */
function otherName(names: string, has: string): string {
  const address = /^IP: (.*) is not in the cert's list: *(.*)$/s.exec(names)
  if (address === null) return `the server's certificate has another name: ${names}`
  const [, asked = '', addresses = ''] = address
  const shown = has === '' ? (addresses === '' ? 'no address' : addresses) : has
  return `the server's certificate has another name: asked for as ${asked}, it has ${shown}`
}

/** How Node may be started otherwise, which is not for who runs Clymene to choose. */
const NODE_ADVICE = /; if the root CA is installed locally, try running Node\.js with --use-system-ca/

const UNKNOWN_AUTHORITY = "the server's certificate comes from an authority that is not trusted here"

/** Codes of Node with OpenSSL's texts (`X509_verify_cert_error_string`). */
const CERTIFICATES: readonly { readonly code: string; readonly text: string; readonly told: string }[] = [
  { code: 'CERT_HAS_EXPIRED', text: 'certificate has expired', told: "the server's certificate, or that of its authority, has expired" },
  { code: 'CERT_NOT_YET_VALID', text: 'certificate is not yet valid', told: "the server's certificate is not valid yet" },
  { code: 'CERT_REVOKED', text: 'certificate revoked', told: "the server's certificate was revoked" },
  {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    text: 'self-signed certificate',
    told: "the server's certificate is signed by itself and not trusted here",
  },
  { code: 'SELF_SIGNED_CERT_IN_CHAIN', text: 'self-signed certificate in certificate chain', told: UNKNOWN_AUTHORITY },
  { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', text: 'unable to verify the first certificate', told: UNKNOWN_AUTHORITY },
  { code: 'UNABLE_TO_GET_ISSUER_CERT', text: 'unable to get issuer certificate', told: UNKNOWN_AUTHORITY },
  { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', text: 'unable to get local issuer certificate', told: UNKNOWN_AUTHORITY },
  { code: 'CERT_SIGNATURE_FAILURE', text: 'certificate signature failure', told: UNKNOWN_AUTHORITY },
  { code: 'CERT_UNTRUSTED', text: 'certificate not trusted', told: UNKNOWN_AUTHORITY },
]
