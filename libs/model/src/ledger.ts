/**
 * Where books are kept: the last state of each name survives a crash of the process and, where there are several replicas,
 * is seen by all of them (Kafka: a compacted topic; in one process: files).
 */
export type LedgerStore = {
  /** The state that was saved last, by whomever; undefined when there is none. @throws RetryableError */
  readonly load: (name: string, signal: AbortSignal) => Promise<Buffer | undefined>
  /** Resolves when the state is durable. States of one name are kept in the order of the calls. @throws RetryableError */
  readonly save: (name: string, state: Buffer, signal: AbortSignal) => Promise<void>
  /** Every name with its last state. @throws RetryableError */
  readonly all: (signal: AbortSignal) => Promise<ReadonlyMap<string, Buffer>>
  readonly close: () => Promise<void>
}
