import type { Envelope, Kind, Logger, LogFields } from '@clymene/model'
import { createMetrics, createReadiness, parseFlags, type Metrics } from '@clymene/runtime'
import { Client, credentials, Metadata, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js'

import { gatewayAuthFlags, gatewayLimitFlags, gatewayServerFlags } from './flags.ts'
import { startGateway } from './gateway.ts'

export type Write = (envelope: Envelope, signal: AbortSignal) => Promise<void>

export type StartOptions = {
  readonly write?: Write
  readonly unavailable?: () => string | undefined
  readonly argv?: readonly string[]
  readonly kinds?: readonly Kind[]
  readonly ownToken?: string
  readonly grpcCredentials?: ChannelCredentials
}

export type Line = { readonly level: string; readonly message: string; readonly fields: LogFields }

export const METRICS_CALL = '/prometheus.ClymeneService/RequestMetrics'
export const LOGS_CALL = '/logproto.Gateway/TransferBatch'

const stops: (() => Promise<void>)[] = []

/** For `afterEach`. */
export async function stopGateways(): Promise<void> {
  for (const stop of stops.splice(0)) await stop()
}

/** A gateway on ports of loopback that writes into a list. */
export async function start(options: StartOptions = {}) {
  const written: Envelope[] = []
  const lines: Line[] = []
  const metrics = createMetrics()
  const write: Write = async (envelope, signal) => {
    await options.write?.(envelope, signal)
    written.push(envelope)
  }
  const argv = ['--gateway.http-server.host-port=127.0.0.1:0', '--gateway.grpc-server.host-port=127.0.0.1:0', ...(options.argv ?? [])]
  const { values } = parseFlags({ ...gatewayServerFlags, ...gatewayAuthFlags, ...gatewayLimitFlags }, argv, {})
  const gateway = await startGateway({
    flags: values,
    kinds: new Set(options.kinds ?? ['metrics', 'logs']),
    write,
    unavailable: options.unavailable ?? (() => undefined),
    to: () => 'kafka',
    metrics,
    logger: loggerInto(lines),
    readiness: createReadiness(),
    ownToken: options.ownToken,
  })
  const stopping = new AbortController()
  const running = gateway.run(stopping.signal)
  const call = caller(gateway.grpcAddress.port, options.grpcCredentials)
  stops.push(async () => {
    call.close()
    stopping.abort()
    await running
  })
  const post = (path: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${gateway.httpAddress.port}${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : Buffer.from(body),
      headers: { 'content-type': 'application/x-protobuf', ...headers },
    })
  return { written, post, call: call.call, gateway, metrics, lines, stop: () => stopping.abort() }
}

/** A gRPC client of a gateway on this machine. */
export function caller(port: number, access: ChannelCredentials = credentials.createInsecure()) {
  const client = new Client(`localhost:${port}`, access)
  return {
    close: () => client.close(),
    call: (path: string, message: Uint8Array, headers: Record<string, string> = {}): Promise<ServiceError | undefined> => {
      const metadata = new Metadata()
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
      return new Promise((resolve) => {
        client.makeUnaryRequest(
          path,
          (bytes: Buffer) => bytes,
          (bytes) => bytes,
          Buffer.from(message),
          metadata,
          (error) => resolve(error ?? undefined),
        )
      })
    },
  }
}

/** Value of a series as the admin port shows it; undefined when there is none. */
export async function metricOf({ registry }: Metrics, series: string): Promise<number | undefined> {
  const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length))
}

export function loggerInto(lines: Line[]): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => logger }
  return logger
}
