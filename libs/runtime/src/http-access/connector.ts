import { buildConnector } from 'undici'

import type { TlsOptions } from './client-tls.ts'

/**
 * Connects for undici (`new Pool(origin, { connect })`) with what `current` says at that moment. After a change sessions are not
 * resumed: a resumed one would go by the certificates of before.
 */
export function createConnector(current: () => TlsOptions, timeoutMs: number): buildConnector.connector {
  let used: TlsOptions | undefined
  let connect: buildConnector.connector | undefined
  return (options, callback) => {
    try {
      const wanted = current()
      if (connect === undefined || wanted !== used) {
        connect = buildConnector({ ...wanted, timeout: timeoutMs })
        used = wanted
      }
      connect(options, callback)
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null)
    }
  }
}
