import type { SenderAccount } from '@clymene/ledger'
import { collectMistakes, ConfigError, type Envelope, type FlagValues, type Kind, type Logger } from '@clymene/model'
import { aborted, type Address, createMetrics, listen, type Metrics, type Readiness, silentLogger } from '@clymene/runtime'

import { createAccounts } from './accounts.ts'
import { checkTokensFile, createAdmission } from './credentials/admission.ts'
import { followCertificate, type CertificateOptions, type ServerTls } from './credentials/certificate.ts'
import type { Followed } from './credentials/followed.ts'
import { warnOfOpenPorts } from './credentials/open-ports.ts'
import type { gatewayAuthFlags, gatewayLimitFlags, gatewayServerFlags } from './flags.ts'
import { startGrpcServer } from './grpc-server.ts'
import { createHttpServer, setHttpTls } from './http-server.ts'
import { createIntake } from './intake.ts'
import { trackSockets } from './open-sockets.ts'

export type GatewayOptions = {
  readonly flags: FlagValues<typeof gatewayServerFlags & typeof gatewayAuthFlags & typeof gatewayLimitFlags>
  readonly kinds: ReadonlySet<Kind>
  /** Resolves when the bus or every storage of the kind has the envelope. @throws RetryableError | PermanentError */
  readonly write: (envelope: Envelope, signal: AbortSignal) => Promise<void>
  /** Why nothing can be written now, as far as is known; undefined when nothing is known against it. */
  readonly unavailable: () => string | undefined
  /** Names of the storages that a kind is written to, for the account of what is numbered here. */
  readonly to: (kind: Kind) => string
  readonly metrics: Metrics
  readonly logger: Logger
  readonly readiness: Readiness
  /** A token for a sender inside of this process, taken beside those of the file. */
  readonly ownToken?: string | undefined
}

export type Gateway = {
  readonly httpAddress: Address
  readonly grpcAddress: Address
  /** What became of the messages that were numbered here. */
  readonly accounts: () => readonly SenderAccount[]
  /** Serves until the signal aborts, then answers what is pending. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Starts both servers. @throws ConfigError for a port in use, or certificates and tokens that cannot be used. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { flags, kinds, write, unavailable, metrics, logger, readiness, ownToken } = options
  const admission = createAdmission({ tokensFile: flags['auth.tokens-file'], ownToken, metrics, logger })
  const httpTls = certificateOf('http', options)
  const grpcTls = certificateOf('grpc', options)
  warnOfOpenPorts(flags, logger)
  const accounts = createAccounts({ to: options.to })
  const intake = createIntake({
    write,
    unavailable,
    maxBytesInFlight: flags['gateway.max-bytes-in-flight'],
    maxDecompressedBytes: flags['gateway.max-decompressed-bytes'],
    maxUnzippedBytes: flags['gateway.max-unzipped-bytes'],
    writeTimeoutMs: flags['gateway.write-timeout'],
    accounts,
    metrics,
  })
  const shared = {
    intake,
    admission,
    kinds,
    metrics,
    logger,
    maxBodyBytes: flags['gateway.max-body-bytes'],
    maxConnectionAgeMs: flags['gateway.max-connection-age'],
    idleTimeoutMs: flags['gateway.idle-timeout'],
  }
  const http = createHttpServer({
    ...shared,
    tls: httpTls?.current(),
    maxConnections: flags['gateway.max-connections'],
    headerTimeoutMs: flags['gateway.header-timeout'],
    bodyTimeoutMs: flags['gateway.body-timeout'],
  })
  const cutHttp = trackSockets(http.server)
  const httpAddress = await listen(http, flags['gateway.http-server.host-port'], 'gateway.http-server.host-port')
  const grpc = await startGrpcServer({
    ...shared,
    tls: grpcTls?.current(),
    handshakeTimeoutMs: flags['gateway.header-timeout'],
    address: flags['gateway.grpc-server.host-port'],
    flagName: 'gateway.grpc-server.host-port',
  }).catch(async (error: unknown) => {
    await http.close()
    throw error
  })
  const looking = setInterval(() => {
    admission.look()
    lookAt(httpTls, (tls) => setHttpTls(http, tls))
    lookAt(grpcTls, grpc.setTls)
  }, LOOK_EVERY_MS).unref()
  readiness.set('start', undefined)
  logger.info('gateway listens', { http: httpAddress.port, grpc: grpc.address.port, kinds: [...kinds] })

  return {
    httpAddress,
    grpcAddress: grpc.address,
    accounts: accounts.report,
    run: async (signal) => {
      await aborted(signal)
      readiness.stopping()
      const patienceMs = flags['gateway.drain-timeout']
      // Who still waits then is told to come again, and has a moment to hear it before the connections are cut.
      const impatience = setTimeout(() => intake.stop(), patienceMs)
      await Promise.all([closeHttp(http, cutHttp, patienceMs + FAREWELL_MS), grpc.stop(patienceMs + FAREWELL_MS)])
      clearTimeout(impatience)
      clearInterval(looking)
    },
  }
}

const FAREWELL_MS = 500
const LOOK_EVERY_MS = 1000

function lookAt(certificate: Followed<ServerTls> | undefined, set: (tls: ServerTls) => void): void {
  const before = certificate?.current()
  certificate?.look()
  const after = certificate?.current()
  if (after !== undefined && after !== before) set(after)
}

/** Idle connections go at once, busy ones after their answer, at the latest when patience ends. */
async function closeHttp(http: ReturnType<typeof createHttpServer>, cut: () => void, patienceMs: number): Promise<void> {
  const force = setTimeout(cut, patienceMs)
  await http.close()
  clearTimeout(force)
}

const TLS_FILES = ['cert', 'key', 'client-ca'] as const
type TlsFile = (typeof TLS_FILES)[number]

function certificateOf(
  server: 'http' | 'grpc',
  { flags, metrics, logger }: Pick<GatewayOptions, 'flags'> & Pick<CertificateOptions, 'metrics' | 'logger'>,
): Followed<ServerTls> | undefined {
  const file = (name: TlsFile) => flags[`gateway.${server}-server.tls.${name}`]
  if (!flags[`gateway.${server}-server.tls.enabled`]) {
    // Else who asks for client certificates would ask nobody, without a word.
    const idle = TLS_FILES.filter((name) => file(name) !== '').map((name) => `--gateway.${server}-server.tls.${name}`)
    if (idle.length === 0) return undefined
    throw new ConfigError(idle.map((name) => `${name}: has no effect without --gateway.${server}-server.tls.enabled`))
  }
  return followCertificate({ server, paths: { cert: file('cert'), key: file('key'), clientCa: file('client-ca') }, metrics, logger })
}

/** @throws ConfigError naming everything that is wrong with certificates and tokens; nothing is started */
export function checkCredentials(flags: GatewayOptions['flags']): void {
  const mistakes: string[] = []
  const dry = { metrics: createMetrics(), logger: silentLogger }
  for (const read of [
    () => certificateOf('http', { flags, ...dry }),
    () => certificateOf('grpc', { flags, ...dry }),
    () => checkTokensFile(flags['auth.tokens-file']),
  ]) {
    collectMistakes(mistakes, read)
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}
