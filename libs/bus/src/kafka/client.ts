import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

import type { Logger } from '@clymene/model'
import { connectionReason, type ClientCertificate, type TlsOptions } from '@clymene/runtime'
import { Kafka, logLevel } from 'kafkajs'

import { createAnswerMemory, type AnswerMemory } from './answer-memory.ts'
import { createAnswerReader } from './answer-reader.ts'
import { stopIdleTimer } from './idle-timer.ts'
import { currentSasl, type KafkaSasl } from './sasl.ts'
import { leaveAnswersWhole } from './whole-answers.ts'

/** How one half of the bus reaches the brokers. */
export type KafkaConnection = {
  /** `host:port` of some of the brokers; the others are learnt from them. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** Called for each new connection, so that files can be read again; undefined is plain text. */
  readonly tls?: (() => TlsOptions) | undefined
  /** What is shown to brokers by TLS. */
  readonly certificate?: ClientCertificate | undefined
  readonly sasl?: KafkaSasl | undefined
}

export type KafkaClient = {
  readonly kafka: Kafka
  /** Ends every connection for good: what waits for an answer is rejected, what was not sent yet is dropped, no new one is made. */
  readonly destroy: (reason: string) => void
  /** Bytes that brokers have sent so far: while it grows they are there. */
  readonly bytesRead: () => number
  /** Where the values of messages are, until they are copied or unpacked. */
  readonly answers: AnswerMemory
}

const CONNECT_TIMEOUT_MS = 5000
const AUTHENTICATION_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 30_000

/** A kafkajs client with its own connections. It retries little: what calls it retries itself, and says so in its state. */
export function createClient(
  { brokers, clientId, tls, certificate, sasl }: KafkaConnection,
  { requestTimeoutMs, logger }: { readonly requestTimeoutMs: number; readonly logger: Logger },
): KafkaClient {
  stopIdleTimer()
  leaveAnswersWhole()
  const answers = createAnswerMemory()
  const sockets = new Set<Socket>()
  let destroyed: Error | undefined
  let bytesReadBefore = 0
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    ...(sasl === undefined ? {} : { sasl: currentSasl(sasl) }),
    ssl: tls !== undefined,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    authenticationTimeout: AUTHENTICATION_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1000, restartOnFailure: () => Promise.resolve(false) },
    socketFactory: ({ host, port, onConnect }) => {
      // kafkajs tries again by itself, and would wait for an answer once more.
      if (destroyed !== undefined) throw destroyed
      const onread = createAnswerReader(answers.take, (answer) => void socket.emit('data', answer))
      const socket: Socket =
        tls === undefined ? connectTcp({ host, port, onread }) : connectTls(tlsTarget(host, port, { ...tls(), onread }))
      socket.once(tls === undefined ? 'connect' : 'secureConnect', onConnect)
      // kafkajs passes on no more than the text, and a broker says nothing before it has accepted the certificate.
      socket.once('error', (error) => {
        error.message = connectionReason(error, certificate).text
      })
      socket.once('data', () => certificate?.accepted())
      socket.setNoDelay(true)
      socket.setKeepAlive(true, KEEP_ALIVE_MS)
      sockets.add(socket)
      socket.once('close', () => {
        sockets.delete(socket)
        bytesReadBefore += socket.bytesRead
      })
      return socket
    },
    logLevel: logLevel.WARN,
    // What kafkajs calls an error is mostly one of many tries; what it means is logged by the parts that call it.
    logCreator:
      () =>
      ({ namespace, log: { message } }) =>
        logger.debug(message, { library: `kafkajs ${namespace}` }),
  })
  return {
    kafka,
    answers,
    destroy: (reason) => {
      destroyed = new Error(reason)
      for (const socket of sockets) socket.destroy(destroyed)
    },
    bytesRead: () => [...sockets].reduce((sum, socket) => sum + socket.bytesRead, bytesReadBefore),
  }
}

/** SNI is not allowed for addresses. */
const tlsTarget = (host: string, port: number, options: ConnectionOptions & Pick<TcpNetConnectOpts, 'onread'>): ConnectionOptions => ({
  host,
  port,
  ...(isIP(host) === 0 ? { servername: host } : {}),
  ...options,
})
