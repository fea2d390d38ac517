import type { FlagValues, Logger } from '@clymene/model'

import { adminAccess, type AdminAccess } from './admin-access.ts'
import { startAdminServer, type AdminServer } from './admin.ts'
import { createLogger } from './logger.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { adminFlags, processFlags } from './process-flags.ts'
import { createReadiness, type Readiness } from './readiness.ts'
import { readVersion, tellBuild, type Version } from './version.ts'

/** What surrounds a service in a process of its own: log, own metrics, health, admin port. */
export type Host = {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly version: Version
  readonly admin: AdminServer
  /** Asked before an admin action, on whatever port it comes. */
  readonly adminAccess: AdminAccess
}

export type HostOptions = {
  readonly flags: FlagValues<typeof processFlags & ReturnType<typeof adminFlags>>
  readonly component: string
  readonly warnings: readonly string[]
}

/** Opens the admin port first (503 with a reason from the start), runs `main`, says that it stopped, and closes it last. */
export async function hostService({ flags, component, warnings }: HostOptions, main: (host: Host) => Promise<void>): Promise<void> {
  const logger = createLogger({ level: flags['log-level'] }).child({ component })
  for (const warning of warnings) logger.warn(warning)
  const metrics = createMetrics({ processMetrics: true })
  const mayAct = adminAccess({ tokenFile: flags['admin.token-file'], metrics, logger })
  const readiness = createReadiness()
  const version = readVersion()
  tellBuild(metrics, component, version)
  const admin = await startAdminServer({
    address: flags['admin.http.host-ports'],
    flagName: 'admin.http.host-ports',
    metricsRoute: flags['metrics-backend'] === 'prometheus' ? flags['metrics-http-route'] : 'none',
    metrics,
    readiness,
    version,
  })
  try {
    await main({ logger, metrics, readiness, version, admin, adminAccess: mayAct })
    logger.info('stopped')
  } finally {
    await admin.close()
  }
}
