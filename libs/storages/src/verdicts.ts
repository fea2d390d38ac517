/**
 * What an answer's text says where its status does not. Of the content: `repeat`, refused as something is that came a moment ago,
 * because it is stored already or is older than what is; `refused`, and will be again. Of us: `operator`, refused until somebody
 * mends a credential. Undefined leaves it to the status.
 */
export type Verdict = 'repeat' | 'refused' | 'operator' | undefined

/**
 * Prometheus 2.42 and 3.x say "out of order sample", "duplicate sample for timestamp"; Mimir and Cortex wrap these or say
 * `err-mimir-sample-out-of-order`, `…-duplicate-timestamp`. "out of bounds", "too old sample" and `…-timestamp-too-old` are not among
 * them: those are limits of age (an hour, or the out-of-order window), and what is over them was mostly so the first time
 * too. Taken for a repeat it would be lost without a word; a letter of something that is stored does no harm.
 */
const STORED_OR_OLDER = /out[ -]of[ -]order|duplicate sample|duplicate-timestamp/i

/**
 * What Prometheus says with status 500 though it never takes it: "too old sample" up to 2.48 with an out-of-order window
 * (prometheus#13334), and to this day what its database finds wrong with labels and histograms. Taken for an outage, one
 * series with a label twice would hold up its partition for ever.
 */
const REFUSED_WITH_500 =
  /^too old sample$|^label name ".*" is not unique|^empty labelset|native histograms are disabled|histogram(?:'s| has a| spans) /

/** Within a cluster a body goes on by gRPC; over the limit there, of either side, it has to become smaller. */
const TOO_LARGE = /message (?:after decompression )?larger than max/

/**
 * What Loki 3.7 says with status 500 though it never takes it: a name of structured metadata that it makes no label name of, as `_`;
 * and where it writes to Kafka, a line over the limit of a record there.
 */
const LINE_REFUSED_WITH_500 =
  /^label name is empty$|^normalization for label name ".*" resulted in invalid name|single entry size \(\d+\) exceeds maximum/

/**
 * A line from before the first `from` of Loki's schema, where no limit of age refuses it earlier. A schema that is mended wrongly, or
 * begins only later, says it of present lines: those wait until somebody mends it.
 */
const OLDER_THAN_SCHEMA_WITH_500 = /no schema config found for time (-?\d+)/
const PRESENT_MS = 24 * 3_600_000

/** Of a receiver of remote write. */
export function sampleVerdict(status: number, message: string): Verdict {
  if (status === 400 && STORED_OR_OLDER.test(message)) return 'repeat'
  if (status === 500 && REFUSED_WITH_500.test(message)) return 'refused'
  return status >= 500 && TOO_LARGE.test(message) ? 'refused' : undefined
}

/**
 * Of Loki 2.x and 3.x, when a line is older than its stream's newest by more than they take. "timestamp too old" is not a
 * repeat: that is the age limit, which a repeat does not come under unless the first time did.
 */
export function lineVerdict(status: number, message: string, nowMs: number = Date.now()): Verdict {
  if (status === 400 && /entry out of order|entry too far behind/i.test(message)) return 'repeat'
  if (status === 500 && (LINE_REFUSED_WITH_500.test(message) || isOlderThanSchema(message, nowMs))) return 'refused'
  return status >= 500 && TOO_LARGE.test(message) ? 'refused' : undefined
}

function isOlderThanSchema(message: string, nowMs: number): boolean {
  const [, seconds] = OLDER_THAN_SCHEMA_WITH_500.exec(message) ?? []
  return seconds !== undefined && Number(seconds) * 1000 < nowMs - PRESENT_MS
}

/** Of a gateway, which quotes its storages with status 400, and says with 503 what it has against a client certificate. */
export function gatewayVerdict(status: number, message: string): Verdict {
  if (status === 503 && NO_CLIENT_CERTIFICATE.test(message)) return 'operator'
  return status === 400 ? (sampleVerdict(status, message) ?? lineVerdict(status, message)) : undefined
}

/** In the words of our gateway, client-certificates.ts: 401 or 403 would make foreign senders drop what they have. */
const NO_CLIENT_CERTIFICATE = /^this server takes only clients with a certificate of its authorities/
