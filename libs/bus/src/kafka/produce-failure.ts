import { errorCode, errorMessage } from '@clymene/model'
import { connectionReason } from '@clymene/runtime'

/**
 * What a failed produce request means.
 * - `split`: the batch is over the topic's limit: each half may not be; one message alone is refused for good.
 * - `permanent`: the broker refuses the content.
 * - `metadata`: the leader moved or the topic went: look again, then send again.
 * - `wait`: send again later.
 * - `hung`: no answer: whether it was written is unknown, the connection is not to be trusted any more.
 * - `operator`: send again later, but somebody has to change something first.
 */
export type ProduceFailure = {
  readonly verdict: 'split' | 'permanent' | 'metadata' | 'wait' | 'hung' | 'operator'
  readonly reason: string
}

/** @param code what the broker answered, not 0. Names and numbers: kafka.apache.org/protocol#protocol_error_codes. */
export function failureOfCode(code: number): ProduceFailure {
  const [verdict, name] = ANSWERS.get(code) ?? (['wait', `error ${code}`] as const)
  return { verdict, reason: `Kafka answered ${name}` }
}

const ANSWERS: ReadonlyMap<number, readonly [verdict: ProduceFailure['verdict'], name: string]> = new Map([
  [2, ['wait', 'CORRUPT_MESSAGE']],
  [3, ['metadata', 'UNKNOWN_TOPIC_OR_PARTITION']],
  [5, ['metadata', 'LEADER_NOT_AVAILABLE']],
  [6, ['metadata', 'NOT_LEADER_OR_FOLLOWER']],
  [7, ['wait', 'REQUEST_TIMED_OUT: its replicas did not take the messages in time']],
  [10, ['split', 'MESSAGE_TOO_LARGE']],
  [17, ['operator', 'INVALID_TOPIC_EXCEPTION']],
  [18, ['split', 'RECORD_LIST_TOO_LARGE']],
  [19, ['wait', 'NOT_ENOUGH_REPLICAS']],
  [20, ['wait', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND']],
  [21, ['operator', 'INVALID_REQUIRED_ACKS']],
  [29, ['operator', 'TOPIC_AUTHORIZATION_FAILED']],
  [31, ['operator', 'CLUSTER_AUTHORIZATION_FAILED']],
  [32, ['operator', 'INVALID_TIMESTAMP']],
  [43, ['operator', 'UNSUPPORTED_FOR_MESSAGE_FORMAT']],
  [44, ['operator', 'POLICY_VIOLATION']],
  [56, ['wait', 'KAFKA_STORAGE_ERROR']],
  [76, ['operator', 'UNSUPPORTED_COMPRESSION_TYPE']],
  [87, ['permanent', 'INVALID_RECORD']],
])

/** @param error what kafkajs threw: connecting, authenticating, reading metadata, or waiting for the answer. */
export function failureOfError(error: unknown): ProduceFailure {
  const reason = errorMessage(firstOf(error)).replace(KAFKAJS_PREFIX, '')
  const { name, type } = kafkaErrorOf(error)
  if (name === 'KafkaJSRequestTimeoutError' || name === 'KafkaJSLockTimeout') return { verdict: 'hung', reason }
  if (name.includes('SASL') || OPERATOR.test(type)) return { verdict: 'operator', reason }
  // A certificate, a file or a name that somebody has to mend.
  if (name.includes('Connection') && connectionReason(new Error(reason)).needsOperator) return { verdict: 'operator', reason }
  return {
    verdict: 'metadata',
    reason: errorCode(error) === '' || reason.includes(errorCode(error)) ? reason : `${reason} (${errorCode(error)})`,
  }
}

const KAFKAJS_PREFIX = /^(?:Connection error|Failed to connect): /
const OPERATOR = /AUTHORIZATION_FAILED|SASL|INVALID_TOPIC|INVALID_PARTITIONS|INVALID_REPLICATION_FACTOR|POLICY_VIOLATION/

/** Name and protocol type of an error of kafkajs, of its first cause when it only says that it gave up. */
export function kafkaErrorOf(thrown: unknown): { readonly name: string; readonly type: string } {
  const error = firstOf(thrown)
  if (!(error instanceof Error)) return { name: '', type: '' }
  if (/NumberOfRetriesExceeded|NonRetriableError/.test(error.name) && error.cause instanceof Error) return kafkaErrorOf(error.cause)
  const type: unknown = 'type' in error ? error.type : ''
  return { name: error.name, type: typeof type === 'string' ? type : '' }
}

/** Making a topic fails with a list of one. */
const firstOf = (error: unknown): unknown =>
  error instanceof Error && error.name === 'KafkaJSAggregateError' && 'errors' in error && Array.isArray(error.errors)
    ? error.errors[0]
    : error
