import { envelopeKey, RetryableError, type Envelope, type EnvelopeHeaders, type Kind } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { createMessageReader, type ScannedMessage } from '@clymene/wire'

import { createBudget } from './budget.ts'
import { createNumbering } from './numbering.ts'

/** One request, whatever protocol it came by. */
export type Request = {
  readonly kind: Kind
  readonly protocol: 'http' | 'grpc'
  readonly bytes: Uint8Array
  /** `raw`: protobuf without compression, as gRPC carries it. `message`: a snappy block or JSON. */
  readonly form: 'raw' | 'message'
  readonly headers: EnvelopeHeaders
}

export type IntakeOptions = {
  /** Resolves when the bus or all storages have it. @throws RetryableError | PermanentError */
  readonly write: (envelope: Envelope, signal: AbortSignal) => Promise<void>
  readonly maxBytesInFlight: number
  readonly maxDecompressedBytes: number
  readonly writeTimeoutMs: number
  readonly metrics: Metrics
}

/** What both servers share: the budget of bytes, the check of a body, its key and number, and the wait for the acknowledgement. */
export type Intake = {
  /** False when there is no room for so many bytes; else {@link Intake.release} has to follow. */
  readonly reserve: (bytes: number) => boolean
  readonly release: (bytes: number) => void
  /** @throws DecodeError for a bad body, RetryableError or PermanentError of what it is written to. */
  readonly accept: (request: Request, signal: AbortSignal) => Promise<void>
}

export function createIntake({ write, maxBytesInFlight, maxDecompressedBytes, writeTimeoutMs, metrics }: IntakeOptions): Intake {
  const budget = createBudget(maxBytesInFlight)
  const reader = createMessageReader({ maxBytes: maxDecompressedBytes })
  const number = createNumbering()
  const records = metrics.counter('clymene_gateway_received_records_total', 'Samples and entries that were acknowledged', [
    'kind',
    'protocol',
  ])
  const bytes = metrics.counter('clymene_gateway_received_bytes_total', 'Bytes of acknowledged bodies as received', ['kind', 'protocol'])
  const seconds = metrics.histogram('clymene_gateway_write_seconds', 'From the checked body to the acknowledgement', ['kind'])
  metrics.gauge('clymene_gateway_bytes_in_flight', 'Bytes of requests that are not answered yet', [], (gauge) => gauge.set(budget.used()))
  const limit = metrics.gauge('clymene_gateway_bytes_in_flight_limit', 'Largest sum of bytes of requests that are not answered yet')
  limit.set(maxBytesInFlight)

  return {
    reserve: budget.take,
    release: budget.release,
    accept: async ({ kind, protocol, bytes: body, form, headers }, signal) => {
      const message = form === 'raw' ? reader.readRaw(kind, body) : reader.read(kind, body, headers.contentType)
      if (message.uncompressedBytes === 0) return // some senders check by an empty request; metadata alone has no samples and goes on
      const envelope = envelopeOf(kind, message, headers, number)
      const observe = seconds.startTimer({ kind })
      await withTimeout((timed) => write(envelope, timed), writeTimeoutMs, signal)
      observe()
      records.inc({ kind, protocol }, message.records)
      bytes.inc({ kind, protocol }, body.length)
    },
  }
}

/** Labels that tell the senders of one cluster apart when nothing else does (an HA pair of Prometheus: `__replica__`). */
const IDENTITY_LABELS = ['cluster', '__replica__', 'replica']

function envelopeOf(kind: Kind, message: ScannedMessage, received: EnvelopeHeaders, number: ReturnType<typeof createNumbering>): Envelope {
  const tenant = received.tenant ?? message.tenant
  const identity = received.agent === undefined ? message.firstLabels(IDENTITY_LABELS) : []
  const cluster = received.cluster ?? identity[0]
  const headers = number(
    { ...received, ...(tenant === undefined ? {} : { tenant }), ...(cluster === undefined || cluster === '' ? {} : { cluster }) },
    identity.slice(1).join(''),
  )
  return {
    kind,
    key: envelopeKey(headers),
    value: message.value,
    headers: { ...headers, contentType: 'application/x-protobuf', records: message.records, scanned: true },
  }
}

async function withTimeout(write: (signal: AbortSignal) => Promise<void>, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    await write(AbortSignal.any([timeout, signal]))
  } catch (error) {
    if (timeout.aborted) throw new RetryableError(`not acknowledged within ${timeoutMs} ms`, { cause: error })
    throw error
  }
}
