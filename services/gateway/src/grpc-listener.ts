import { createServer as createPlainServer, type Server as NetServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'

import type { Logger } from '@clymene/model'
import { listenError, type Address, type Metrics } from '@clymene/runtime'
import { ServerCredentials, type Server } from '@grpc/grpc-js'

import { tlsServerOptions, type ServerTls } from './credentials/certificate.ts'
import { watchTls, type ClientCertificates } from './credentials/client-certificates.ts'
import { trackSockets } from './open-sockets.ts'

export type GrpcListenerOptions = {
  readonly server: Server
  readonly tls: ServerTls | undefined
  readonly handshakeTimeoutMs: number
  readonly metrics: Metrics
  readonly logger: Logger
}

export type GrpcListener = {
  readonly certificates: ClientCertificates | undefined
  /** New connections get what is given here; those that are open go on. */
  readonly setTls: TlsServer['setSecureContext'] | undefined
  /** @throws ConfigError naming the flag of the address */
  readonly listen: (address: Address, flagName: string) => Promise<Address>
  /** No new connections. */
  readonly refuse: () => void
  /** Cuts what is open still: connections whose handshake never ended are no business of the gRPC server. */
  readonly close: () => Promise<void>
}

/**
 * Takes connections for a gRPC server that does not listen by itself: its own TLS tells neither why a handshake failed nor lets a
 * client certificate be judged after it.
 */
export function createGrpcListener({ server, tls, handshakeTimeoutMs, metrics, logger }: GrpcListenerOptions): GrpcListener {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const inject = (socket: Socket): void => {
    // What breaks a connection is the client's to see.
    socket.on('error', () => undefined)
    injector.injectConnection(socket)
  }
  if (tls === undefined) return { ...listenerOf(createPlainServer({ noDelay: true }, inject)), certificates: undefined, setTls: undefined }
  const listener = createTlsServer({
    ...tlsServerOptions(tls),
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeTimeoutMs,
    noDelay: true,
  })
  const certificates = watchTls(listener, { server: 'grpc', requiresCertificate: tls.clientCa !== undefined, metrics, logger })
  listener.on('secureConnection', inject)
  return { ...listenerOf(listener), certificates, setTls: (context) => listener.setSecureContext(context) }
}

function listenerOf(listener: NetServer): Pick<GrpcListener, 'listen' | 'refuse' | 'close'> {
  const cut = trackSockets(listener)
  const closed = new Promise<void>((resolve) => listener.once('close', resolve))
  return {
    listen: (address, flagName) =>
      new Promise((resolve, reject) => {
        listener.once('error', (error) => reject(listenError(error, address, flagName)))
        // Without a host it is every address, with IPv6 where the machine has it.
        listener.listen({ port: address.port, ...(address.host === '' ? {} : { host: address.host }) }, () => {
          const bound = listener.address()
          resolve({ host: address.host, port: typeof bound === 'object' && bound !== null ? bound.port : address.port })
        })
      }),
    refuse: () => void listener.close(),
    close: () => {
      cut()
      return closed
    },
  }
}
