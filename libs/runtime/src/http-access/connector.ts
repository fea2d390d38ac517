import { errorCode } from '@clymene/model'
import { buildConnector } from 'undici'

import type { TlsOptions } from './client-tls.ts'

/**
 * Connects for undici (`new Pool(origin, { connect })`) with what `current` says at that moment. After a change sessions are not
 * resumed: a resumed one would go by the certificates of before.
 *
 * @param http2 speaks HTTP/2 to a server that refuses HTTP/1.1 (RFC 7301 §3.2); not through a tunnel.
 */
export function createConnector(current: () => TlsOptions, timeoutMs: number, http2 = false): buildConnector.connector {
  let used: TlsOptions | undefined
  let connect: buildConnector.connector | undefined
  return (options, callback) => {
    try {
      const wanted = current()
      if (connect === undefined || wanted !== used) {
        connect = preferHttp1(wanted, timeoutMs, http2)
        used = wanted
      }
      connect(options, callback)
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null)
    }
  }
}

function preferHttp1(tls: TlsOptions, timeout: number, http2: boolean): buildConnector.connector {
  const connect = buildConnector({ ...tls, timeout, allowH2: false })
  if (!http2) return connect
  const connectHttp2 = buildConnector({ ...tls, timeout, allowH2: true })
  return (options, callback) =>
    connect(options, (...result) => {
      const refused = result[0] !== null && options.httpSocket === undefined && errorCode(result[0]) === NO_PROTOCOL
      if (refused) connectHttp2(options, callback)
      else callback(...result)
    })
}

const NO_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'
