import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import {
  DecodeError,
  errorMessage,
  PermanentError,
  PROTOBUF,
  RetryableError,
  type Envelope,
  type EnvelopeHeaders,
  type Kind,
} from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { createMessageReader, TooLargeError, type ScannedMessage } from '@clymene/wire'

import type { Accounts, SendOutcome } from './accounts.ts'
import { SenderGoneError } from './answer.ts'
import { createBudget } from './budget.ts'
import type { Grant } from './credentials/tokens.ts'
import { expectedLabel, identityOf, type Identity } from './identity.ts'
import { createNumbering } from './numbering.ts'
import { oneAtATime } from './one-at-a-time.ts'

/** One request, whatever protocol it came by. */
export type Request = {
  readonly kind: Kind
  readonly protocol: 'http' | 'grpc'
  readonly bytes: Uint8Array
  /** `raw`: protobuf without compression, as gRPC carries it. `message`: a snappy block or JSON. `gzip`: one of those in gzip. */
  readonly form: 'raw' | 'message' | 'gzip'
  readonly headers: EnvelopeHeaders
  /** What the token of the sender allows; undefined when none is asked for. */
  readonly grant?: Grant | undefined
}

export type IntakeOptions = {
  /** Resolves when the bus or all storages have it. @throws RetryableError | PermanentError */
  readonly write: (envelope: Envelope, signal: AbortSignal) => Promise<void>
  /** Why nothing can be written now, as far as is known; undefined when nothing is known against it. */
  readonly unavailable: () => string | undefined
  readonly maxBytesInFlight: number
  readonly maxDecompressedBytes: number
  readonly maxUnzippedBytes: number
  readonly writeTimeoutMs: number
  /** Told of what this gateway numbers. */
  readonly accounts: Accounts
  readonly metrics: Metrics
}

/** What both servers share: the budget of bytes, the check of a body, its key and number, and the wait for the acknowledgement. */
export type Intake = {
  /** False when there is no room for so many bytes; else {@link Intake.release} has to follow. */
  readonly reserve: (bytes: number) => boolean
  readonly release: (bytes: number) => void
  /** @throws DecodeError for a bad body, ForbiddenError, SenderGoneError, RetryableError or PermanentError of what it is written to. */
  readonly accept: (request: Request, signal: AbortSignal) => Promise<void>
  /** Ends what still waits for an acknowledgement: senders are told to come again. */
  readonly stop: () => void
}

export function createIntake(options: IntakeOptions): Intake {
  const { write, unavailable, maxDecompressedBytes, writeTimeoutMs, accounts, metrics } = options
  const budget = createBudget(options.maxBytesInFlight)
  const reader = createMessageReader({ maxBytes: maxDecompressedBytes })
  const number = createNumbering()
  const unpack = oneAtATime()
  const stopping = new AbortController()
  const records = metrics.counter('clymene_gateway_received_records_total', 'Samples and entries that were acknowledged', [
    'kind',
    'protocol',
  ])
  const bytes = metrics.counter('clymene_gateway_received_bytes_total', 'Bytes of acknowledged bodies as received', ['kind', 'protocol'])
  const seconds = metrics.histogram('clymene_gateway_write_seconds', 'From the checked body to the acknowledgement', ['kind'])
  metrics.gauge('clymene_gateway_bytes_in_flight', 'Bytes of requests that are not answered yet', [], (gauge) => gauge.set(budget.used()))
  const limit = metrics.gauge('clymene_gateway_bytes_in_flight_limit', 'Largest sum of bytes of requests that are not answered yet')
  limit.set(options.maxBytesInFlight)
  let waiting = 0

  const read = ({ kind, bytes: body, form, headers, grant }: Request): Promise<ScannedMessage> | ScannedMessage => {
    const expected = expectedLabel(grant)
    if (form === 'raw') return reader.readRaw(kind, body, expected)
    if (form === 'message') return reader.read(kind, body, headers.contentType, expected)
    // One after another: what a small gzip body becomes is not in the budget, and many at a time would be the memory of all.
    return unpack(async () => reader.read(kind, await unzip(body, options.maxUnzippedBytes), headers.contentType, expected))
  }

  /** While what it writes to is known to be away one request goes on trying, and the others are told at once. */
  const refuseWhileAway = (): void => {
    const reason = unavailable()
    if (reason !== undefined && waiting > 0) throw new RetryableError(reason)
  }

  const writeInTime = async (envelope: Envelope, signal: AbortSignal): Promise<void> => {
    waiting++
    try {
      await withTimeout((timed) => write(envelope, timed), { timeoutMs: writeTimeoutMs, unavailable }, signal)
    } finally {
      waiting--
    }
  }

  return {
    reserve: budget.take,
    release: budget.release,
    stop: () => stopping.abort(new RetryableError('the gateway is stopping')),
    accept: async (request, signal) => {
      const { kind, protocol } = request
      const message = await read(request)
      if (message.uncompressedBytes === 0) return // some senders check by an empty request; metadata alone has no samples and goes on
      const identity = identityOf(message, believedOf(request), request.grant)
      // Before it gets a number: those of an outage would all be gaps.
      refuseWhileAway()
      const envelope = envelopeOf(request, message, identity, number)
      const settle = identity.isNumbered ? undefined : accounts.begin(kind, envelope.headers)
      const observe = seconds.startTimer({ kind })
      await writeInTime(envelope, AbortSignal.any([signal, stopping.signal])).catch((error: unknown) => {
        settle?.(outcomeOf(error))
        if (signal.aborted) throw new SenderGoneError()
        throw stopping.signal.aborted ? stopping.signal.reason : error
      })
      settle?.('acknowledged')
      observe()
      records.inc({ kind, protocol }, message.records)
      bytes.inc({ kind, protocol }, request.bytes.length)
    },
  }
}

/** What was refused was not written; of anything else nobody knows. */
const outcomeOf = (error: unknown): SendOutcome => (error instanceof PermanentError ? 'dropped' : 'unanswered')

/** When the newest record was made is read from the body: a sender's own word would bend the freshness. */
function believedOf({ headers }: Request): EnvelopeHeaders {
  const { newestMs: _, ...believed } = headers
  return believed
}

function envelopeOf(
  { kind, headers: { position } }: Request,
  message: ScannedMessage,
  { key, headers, isNumbered }: Identity,
  number: ReturnType<typeof createNumbering>,
): Envelope {
  const newest = message.maxTimestampMs === undefined ? {} : { newestMs: message.maxTimestampMs }
  // Where a piece begins belongs to its number. Kinds have topics of their own: one count for both would have gaps in each.
  const numbers = isNumbered ? believedPosition(position) : number(`${kind} ${key}`)
  const { position: _, ...named } = headers
  const all = { ...named, ...numbers, ...newest, contentType: PROTOBUF, records: message.records, scanned: true }
  return { kind, key, value: message.value, headers: all }
}

const believedPosition = (position: number | undefined): EnvelopeHeaders => (position === undefined ? {} : { position })

const gunzipBytes = promisify(gunzip)

async function unzip(body: Uint8Array, maxBytes: number): Promise<Buffer> {
  try {
    return await gunzipBytes(body, { maxOutputLength: maxBytes })
  } catch (error) {
    throw error instanceof RangeError
      ? new TooLargeError('gzip body, unpacked,', maxBytes + 1, maxBytes)
      : new DecodeError(`gzip body: ${errorMessage(error)}`, 0, { cause: error })
  }
}

type Patience = { readonly timeoutMs: number; readonly unavailable: () => string | undefined }

async function withTimeout(
  write: (signal: AbortSignal) => Promise<void>,
  { timeoutMs, unavailable }: Patience,
  signal: AbortSignal,
): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    await write(AbortSignal.any([timeout, signal]))
  } catch (error) {
    if (!timeout.aborted) throw error
    const reason = unavailable()
    throw new RetryableError(`not acknowledged within ${timeoutMs} ms${reason === undefined ? '' : `: ${reason}`}`, { cause: error })
  }
}
