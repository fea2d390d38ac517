import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

import { errorCode, type Logger } from '@clymene/model'
import { createOnceIn, type Metrics } from '@clymene/runtime'

/** Which client certificates were refused, by connection. */
export type ClientCertificates = {
  /** Why requests over this connection are not taken; undefined when they are. Once said, the connection is closed soon. */
  readonly refusalOf: (peer: Peer) => string | undefined
}

/** One end of a connection. */
export type Peer = { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined }

export type WatchTlsOptions = {
  readonly server: 'http' | 'grpc'
  readonly requiresCertificate: boolean
  readonly metrics: Metrics
  readonly logger: Logger
}

const TELL_EVERY_MS = 10_000
/** Long enough to read the refusal. The next connection shows the certificate that the client has then. */
const CLOSE_AFTER_MS = 1000

/**
 * Tells of every TLS connection that comes to nothing, and judges client certificates. That is done after the handshake
 * (`rejectUnauthorized: false` on the server), since Node would cut the connection without a word, and the client could only guess why.
 */
export function watchTls(tls: Server, { server, requiresCertificate, metrics, logger }: WatchTlsOptions): ClientCertificates {
  const refusals = metrics.counter(
    'clymene_gateway_refused_connections_total',
    'TLS connections that came to nothing, or whose client certificate was refused',
    ['server', 'reason'],
  )
  const onceIn = createOnceIn(TELL_EVERY_MS)
  const tell = ({ reason, text }: Refusal, peer: string): void => {
    refusals.inc({ server, reason })
    onceIn(reason, (repeated) => logger.warn('connection refused', { server, peer, reason, error: text, repeated }))
  }
  /** Whose handshake goes on. */
  const pending = new Set<string>()
  /** Open connections with what was found of their certificates; '' is good. */
  const judged = new Map<string, { readonly socket: TLSSocket; readonly text: string }>()

  tls.on('connection', (socket: Socket) => {
    const peer = nameOf(socket)
    pending.add(peer)
    socket.once('close', () => {
      // Without a byte it was a look at whether the port is open.
      if (pending.delete(peer) && socket.bytesRead > 0) tell(LEFT, peer)
    })
  })
  tls.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    // A connection that is gone has no address any more; its end is told above.
    if (pending.delete(nameOf(socket))) tell(handshakeRefusal(error), nameOf(socket))
  })
  tls.on('secureConnection', (socket: TLSSocket) => {
    const peer = nameOf(socket)
    pending.delete(peer)
    const refusal = requiresCertificate ? certificateRefusal(socket) : undefined
    judged.set(peer, { socket, text: refusal?.text ?? '' })
    if (refusal !== undefined) tell(refusal, peer)
    else if (requiresCertificate) logger.debug('client certificate accepted', { server, peer, subject: subjectOf(socket) })
    socket.once('close', () => {
      if (judged.get(peer)?.socket === socket) judged.delete(peer)
      if (refusal === undefined && socket.bytesRead === 0) tell(LEFT, peer)
    })
  })
  return {
    refusalOf: (peer) => {
      if (!requiresCertificate) return undefined
      const known = judged.get(nameOf(peer))
      // A connection that has closed meanwhile has no address any more: nothing is known in its favour.
      if (known === undefined) return GONE
      if (known.text === '') return undefined
      setTimeout(() => known.socket.destroy(), CLOSE_AFTER_MS).unref()
      return known.text
    },
  }
}

const GONE = 'the connection has closed'

type Refusal = { readonly reason: string; readonly text: string }

const LEFT: Refusal = {
  reason: 'left_by_client',
  text: 'the client closed the connection before it sent a request; it may not trust the certificate of this server',
}

const nameOf = ({ remoteAddress, remotePort }: Peer): string => `${remoteAddress} ${remotePort}`

function certificateRefusal(socket: TLSSocket): Refusal | undefined {
  const text = (why: string): string => `this server takes only clients with a certificate of its authorities: ${why}`
  const subject = subjectOf(socket)
  if (subject === undefined) return { reason: 'no_certificate', text: text('none was shown') }
  if (socket.authorized) return undefined
  const code = String(socket.authorizationError)
  const [reason, why] = CERTIFICATE_ERRORS[code] ?? ['bad_certificate', `refused (${code})`]
  return { reason, text: text(`that of ${subject} ${why}`) }
}

const CERTIFICATE_ERRORS: Readonly<Record<string, readonly [reason: string, why: string]>> = {
  CERT_HAS_EXPIRED: ['expired_certificate', 'has expired'],
  CERT_NOT_YET_VALID: ['future_certificate', 'is not valid yet'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['unknown_authority', 'is of another authority'],
  UNABLE_TO_GET_ISSUER_CERT: ['unknown_authority', 'is of another authority'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['unknown_authority', 'is of another authority'],
  SELF_SIGNED_CERT_IN_CHAIN: ['unknown_authority', 'is of another authority'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['unknown_authority', 'is signed by itself'],
  INVALID_PURPOSE: ['bad_certificate', 'is not for clients'],
}

/** `O=clymene, CN=agent`; undefined when no certificate was shown. */
function subjectOf(socket: TLSSocket): string | undefined {
  const { subject } = socket.getPeerX509Certificate() ?? {}
  return subject?.replaceAll('\n', ', ').slice(0, 256)
}

/** What OpenSSL says of a handshake, in words. */
function handshakeRefusal(error: Error): Refusal {
  const code = errorCode(error)
  if (code === 'ERR_SSL_HTTP_REQUEST' || code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return { reason: 'no_tls', text: 'the client does not speak TLS' }
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL') return { reason: 'old_tls', text: 'the client speaks no TLS of 1.2 or newer' }
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|UNSUPPORTED_CERTIFICATE)/.test(code))
    return { reason: 'refused_by_client', text: `the client refuses the certificate of this server (${code})` }
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return { reason: 'slow_handshake', text: 'the handshake took too long' }
  return { reason: 'failed_handshake', text: code || 'the handshake failed' }
}
