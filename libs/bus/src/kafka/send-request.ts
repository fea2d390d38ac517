import type { Broker } from './internals.ts'

export type RawRequest = {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  /** Without it the answer is null at once. */
  readonly expectResponse: boolean
  /** How long the answer may take in all. */
  readonly timeoutMs: number
  /** The whole request, its size included, as chunks that are written one after the other. */
  readonly encode: (correlationId: number, clientId: string) => readonly Buffer[]
}

export type RawAnswer = {
  /** What follows the correlation id; null when none was asked for. */
  readonly payload: Buffer | null
  /** The broker wants no request for so long. */
  readonly throttle: (milliseconds: number) => void
}

/**
 * Sends bytes of our own over a connection of kafkajs, which logs in and keeps the order of answers.
 *
 * @throws kafkajs's errors when the connection fails or the answer does not come in time.
 */
export async function sendRequest(broker: Broker, request: RawRequest): Promise<RawAnswer> {
  const { apiKey, apiName, apiVersion, expectResponse, timeoutMs } = request
  const connection = await broker.connectionPool.getConnection()
  if (!connection.isAuthenticated()) await connection.authenticate()
  const correlationId = connection.nextCorrelationId()
  const chunks = request.encode(correlationId, connection.clientId)
  const { payload } = await new Promise<{ readonly payload: Buffer | null }>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse,
      requestTimeout: timeoutMs,
      sendRequest: () => {
        const { socket } = connection
        socket.cork()
        for (const chunk of chunks) socket.write(chunk)
        socket.uncork()
      },
    })
  })
  return {
    payload,
    throttle: (milliseconds) => {
      if (milliseconds > 0) connection.requestQueue.maybeThrottle(milliseconds)
    },
  }
}
