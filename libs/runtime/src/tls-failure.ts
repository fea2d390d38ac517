/**
 * Does an error's text or code speak of certificates or of the handshake? Clients of gRPC and Elasticsearch pass on the text of such an
 * error but not its code. Somebody has to mend an address, a file or a peer.
 */
export const isTlsFailure = (text: string): boolean => TLS_TEXTS.test(text)

const TLS_TEXTS =
  /certificate|altnames|SSL routines|SSL alert|self[-_ ]signed|unable[_ ]to[_ ](?:get|verify)|CERT_|_CERT|x509|tlsv1|ERR_TLS|ERR_SSL|ERR_OSSL/i

/**
 * What OpenSSL reports as `F00:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/…`, without the parts that
 * are about its source; other texts as they are.
 */
export function tlsReason(text: string): string {
  const reason = /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:\n]+)/.exec(text)?.[1]
  if (reason === undefined) return text
  if (reason === 'wrong version number' || reason === 'packet length too long') return `TLS: ${reason}, the peer speaks no TLS here`
  return reason.includes('alert') ? `TLS: refused by the peer with "${reason}"` : `TLS: ${reason}`
}
