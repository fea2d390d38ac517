import type { Envelope, Origin } from './envelope.ts'
import type { FlagSet, FlagValues } from './flag.ts'
import type { Logger } from './logger.ts'
import type { Kind } from './records.ts'

/**
 * A message on its way into a storage. Its value is always a snappy block of protobuf that was scanned; the delivery
 * (libs/storages/src/delivery) has seen to it.
 */
export type Delivery = Envelope & {
  /** Where it came from; absent when it did not pass a bus. */
  readonly origin?: Origin
  /** Index, within the original message, of the first sample or entry: 0 unless the message was split. */
  readonly position: number
}

export type Sink = {
  /**
   * Writes deliveries of one kind and tenant as one body, in order; resolves once the storage has them all.
   * Never retries, counts or logs by itself: decorators do. May see a delivery again.
   *
   * @throws RetryableError when the storage may take the same later (network, 3xx, 401, 403, 404, 405, 408, 429, 5xx, unknown).
   * @throws PermanentError when the storage refuses the content (400, 413, 422). With `refused` it names the items and
   *   everything else is stored; without, nothing is stored for sure and the caller halves.
   */
  readonly write: (deliveries: readonly Delivery[], signal: AbortSignal) => Promise<void>
}

export type StorageContext<F extends FlagSet = FlagSet> = {
  readonly flags: FlagValues<F>
  readonly logger: Logger
  /** Version of this program, for User-Agent. */
  readonly version: string
  /** `Metrics` of libs/runtime, which this package cannot know: `metricsOf` of libs/storages gives it its type. */
  readonly metrics: unknown
}

/** What STORAGE_TYPE selects: one folder of libs/storages and one line of its registry.ts. */
export type Storage<F extends FlagSet = FlagSet> = {
  readonly name: string
  /** One line for --help and docs. */
  readonly help: string
  readonly kinds: readonly Kind[]
  /** It keeps the acceptable part of a body that it refuses (Cortex, Mimir): such bodies hold one message of a key. */
  readonly storesParts?: boolean
  readonly flags: F
  /**
   * What is wrong in values that parse one by one, a line each: values that do not fit together, files that cannot be read.
   * Connects to nothing, so that `validate` may ask; `open` refuses the same.
   */
  readonly mistakesOf?: (flags: FlagValues<F>) => readonly string[]
  /** Opens connections lazily: a storage that is away at start is not an error here. @throws ConfigError */
  readonly open: (context: StorageContext<F>) => Promise<OpenStorage>
}

export type OpenStorage = {
  readonly sinks: { readonly [K in Kind]?: Sink }
  /** Rejects when the storage cannot be reached, for /readyz and `status`. */
  readonly check?: (signal: AbortSignal) => Promise<void>
  /** What is known by itself, without asking: why it cannot be written now. A gateway then answers at once instead of waiting. */
  readonly unavailable?: () => string | undefined
  readonly close: () => Promise<void>
}
