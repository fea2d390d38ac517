import { ConfigError, type Envelope, type FlagValues, type Kind, type Logger } from '@clymene/model'
import { aborted, type Address, listen, type Metrics, type Readiness } from '@clymene/runtime'

import type { gatewayLimitFlags, gatewayServerFlags } from './flags.ts'
import { startGrpcServer } from './grpc-server.ts'
import { createHttpServer } from './http-server.ts'
import { createIntake } from './intake.ts'
import { readServerTls } from './tls.ts'

export type GatewayOptions = {
  readonly flags: FlagValues<typeof gatewayServerFlags & typeof gatewayLimitFlags>
  readonly kinds: ReadonlySet<Kind>
  /** Resolves when the bus or every storage of the kind has the envelope. @throws RetryableError | PermanentError */
  readonly write: (envelope: Envelope, signal: AbortSignal) => Promise<void>
  /** Why nothing can be written now, as far as is known; undefined when nothing is known against it. */
  readonly unavailable: () => string | undefined
  readonly metrics: Metrics
  readonly logger: Logger
  readonly readiness: Readiness
}

export type Gateway = {
  readonly httpAddress: Address
  readonly grpcAddress: Address
  /** Serves until the signal aborts, then answers what is pending. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Starts both servers. @throws ConfigError for a port in use or unreadable certificates. */
export async function startGateway({ flags, kinds, write, unavailable, metrics, logger, readiness }: GatewayOptions): Promise<Gateway> {
  const intake = createIntake({
    write,
    unavailable,
    maxBytesInFlight: flags['gateway.max-bytes-in-flight'],
    maxDecompressedBytes: flags['gateway.max-decompressed-bytes'],
    maxUnzippedBytes: flags['gateway.max-unzipped-bytes'],
    writeTimeoutMs: flags['gateway.write-timeout'],
    metrics,
  })
  const shared = {
    intake,
    kinds,
    metrics,
    logger,
    maxBodyBytes: flags['gateway.max-body-bytes'],
    maxConnectionAgeMs: flags['gateway.max-connection-age'],
    idleTimeoutMs: flags['gateway.idle-timeout'],
  }
  const http = createHttpServer({
    ...shared,
    tls: flags['gateway.http-server.tls.enabled'] ? httpTls(flags) : undefined,
    maxConnections: flags['gateway.max-connections'],
    headerTimeoutMs: flags['gateway.header-timeout'],
    bodyTimeoutMs: flags['gateway.body-timeout'],
  })
  const httpAddress = await listen(http, flags['gateway.http-server.host-port'], 'gateway.http-server.host-port')
  const grpc = await startGrpcServer({
    ...shared,
    tls: flags['gateway.grpc-server.tls.enabled'] ? grpcTls(flags) : undefined,
    address: flags['gateway.grpc-server.host-port'],
    flagName: 'gateway.grpc-server.host-port',
  }).catch(async (error: unknown) => {
    await http.close()
    throw error
  })
  readiness.set('start', undefined)
  logger.info('gateway listens', { http: httpAddress.port, grpc: grpc.address.port, kinds: [...kinds] })

  return {
    httpAddress,
    grpcAddress: grpc.address,
    run: async (signal) => {
      await aborted(signal)
      readiness.stopping()
      const patienceMs = flags['gateway.drain-timeout']
      // Who still waits then is told to come again, and has a moment to hear it before the connections are cut.
      const impatience = setTimeout(() => intake.stop(), patienceMs)
      await Promise.all([closeHttp(http, patienceMs + FAREWELL_MS), grpc.stop(patienceMs + FAREWELL_MS)])
      clearTimeout(impatience)
    },
  }
}

const FAREWELL_MS = 500

/** Idle connections go at once, busy ones after their answer, at the latest when patience ends. */
async function closeHttp(http: ReturnType<typeof createHttpServer>, patienceMs: number): Promise<void> {
  const force = setTimeout(() => http.server.closeAllConnections(), patienceMs)
  await http.close()
  clearTimeout(force)
}

const httpTls = (flags: GatewayOptions['flags']) =>
  readServerTls('gateway.http-server.tls', {
    cert: flags['gateway.http-server.tls.cert'],
    key: flags['gateway.http-server.tls.key'],
    clientCa: flags['gateway.http-server.tls.client-ca'],
  })

const grpcTls = (flags: GatewayOptions['flags']) =>
  readServerTls('gateway.grpc-server.tls', {
    cert: flags['gateway.grpc-server.tls.cert'],
    key: flags['gateway.grpc-server.tls.key'],
    clientCa: flags['gateway.grpc-server.tls.client-ca'],
  })

/** @throws ConfigError naming every certificate flag that is wrong; nothing is started */
export function checkCertificates(flags: GatewayOptions['flags']): void {
  const mistakes: string[] = []
  for (const [isOn, read] of [
    [flags['gateway.http-server.tls.enabled'], httpTls],
    [flags['gateway.grpc-server.tls.enabled'], grpcTls],
  ] as const) {
    try {
      if (isOn) read(flags)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      mistakes.push(...error.mistakes)
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}
