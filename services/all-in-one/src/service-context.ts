import type { FlagValues, Logger } from '@clymene/model'
import {
  createMetrics,
  createReadiness,
  processFlags,
  startAdminServer,
  tellBuild,
  type Address,
  type AdminServer,
  type Metrics,
  type Readiness,
  type Version,
} from '@clymene/runtime'

/** What one of the three services has of its own although they share a process: metrics, health, admin port. */
export type ServiceContext = {
  readonly component: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly version: Version
  readonly admin: AdminServer
}

export type Contexts = Readonly<Record<'agent' | 'gateway' | 'ingester', ServiceContext>>

export type ServiceContextOptions = {
  readonly component: 'agent' | 'gateway' | 'ingester'
  readonly flags: FlagValues<typeof processFlags>
  readonly address: Address
  readonly logger: Logger
  readonly version: Version
}

export async function openServiceContext({ component, flags, address, logger, version }: ServiceContextOptions): Promise<ServiceContext> {
  const metrics = createMetrics({ processMetrics: true })
  tellBuild(metrics, component, version)
  const readiness = createReadiness()
  const admin = await startAdminServer({
    address,
    flagName: `${component}.admin.http.host-ports`,
    metricsRoute: flags['metrics-backend'] === 'prometheus' ? flags['metrics-http-route'] : 'none',
    metrics,
    readiness,
    version,
  })
  return { component, logger: logger.child({ component }), metrics, readiness, version, admin }
}
