import { createRenewed, type HttpAccess, NO_ACCESS, openConnections } from '@clymene/runtime'
import type { Dispatcher } from 'undici'

import type { ScrapeHttp } from './job.ts'

/** Over the usual intervals, so that a target keeps its connection. */
const KEEP_ALIVE_MS = 120_000
/** Scrapes have their own limit, which may be shorter. */
const CONNECT_TIMEOUT_MS = 10_000

/** Connections without a limit of time but for the scrape's own. Nothing is opened before the first request. */
export const createConnections = (access: HttpAccess = NO_ACCESS, connectTimeoutMs = CONNECT_TIMEOUT_MS): Dispatcher =>
  openConnections(access, { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS, connectTimeoutMs })

const needsOwn = ({ tls, proxy, http2 }: HttpAccess): boolean => tls !== undefined || proxy !== undefined || !http2

export type JobConnections = {
  /** Connections for one scrape: they stay open until it has ended. @throws Error naming a file of the job's TLS that cannot be read */
  readonly lend: <T>(scrape: (dispatcher: Dispatcher) => Promise<T>) => Promise<T>
  /** Another configuration. */
  readonly use: (http: ScrapeHttp) => void
  readonly close: () => Promise<void>
}

/**
 * The connections of one job: its own when it has TLS, a proxy or a protocol of its own, else those that are shared. When a certificate
 * or the authorities have changed all of them are made anew, so that nobody is trusted, and nothing shown, longer than the files say.
 */
export function createJobConnections(shared: Dispatcher, firstHttp: ScrapeHttp): JobConnections {
  let { access } = firstHttp
  const own = createRenewed({
    tls: () => access.tls?.(),
    open: () => createConnections(access),
    // No scrape uses them any more; closing would wait for connections that are still to come.
    close: (dispatcher) => dispatcher.destroy(),
  })
  return {
    lend: (scrape) => (needsOwn(access) ? own.use(scrape) : scrape(shared)),
    use: (http) => {
      own.renew()
      access = http.access
    },
    close: own.close,
  }
}
