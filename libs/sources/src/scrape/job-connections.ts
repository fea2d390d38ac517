import { createRenewed } from '@clymene/runtime'
import { Agent, type Dispatcher } from 'undici'

import type { ScrapeHttp } from './job.ts'

/** Over the usual intervals, so that a target keeps its connection. */
const KEEP_ALIVE_MS = 120_000
/** Scrapes have their own limit, which may be shorter. */
const CONNECT_TIMEOUT_MS = 10_000

/** Connections without a limit of time but for the scrape's own. Nothing is opened before the first request. */
export const createConnections = (connect?: NonNullable<Agent.Options['connect']>): Dispatcher =>
  new Agent({
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(connect === undefined ? {} : { connect }),
  })

export type JobConnections = {
  /** Connections for one scrape: they stay open until it has ended. @throws Error naming a file of the job's TLS that cannot be read */
  readonly lend: <T>(scrape: (dispatcher: Dispatcher) => Promise<T>) => Promise<T>
  /** Another configuration. */
  readonly use: (http: ScrapeHttp) => void
  readonly close: () => Promise<void>
}

/**
 * The connections of one job: its own when it has TLS of its own, else those that are shared. When a certificate or the authorities
 * have changed all of them are made anew, so that nobody is trusted, and nothing shown, longer than the files say.
 */
export function createJobConnections(shared: Dispatcher, firstHttp: ScrapeHttp): JobConnections {
  let { access } = firstHttp
  const own = createRenewed({
    tls: () => access.tls?.(),
    open: () => createConnections(access.connect?.(CONNECT_TIMEOUT_MS)),
    close: (dispatcher) => dispatcher.close(),
  })
  return {
    lend: (scrape) => (access.tls === undefined ? scrape(shared) : own.use(scrape)),
    use: (http) => {
      own.renew()
      access = http.access
    },
    close: own.close,
  }
}
