/**
 * What is said of a sample that is stored already, or is older than one that is. Prometheus 2.42 and 3.x: "out of order
 * sample", "out of bounds", "too old sample", "duplicate sample for timestamp". Mimir and Cortex wrap these or say
 * `err-mimir-sample-out-of-order`, `err-mimir-sample-timestamp-too-old`, `err-mimir-sample-duplicate-timestamp`.
 */
export const isStoredOrOlderSample = (message: string): boolean =>
  /out[ -]of[ -]order|out of bounds|too[ -]old|duplicate sample|duplicate-timestamp/i.test(message)

/**
 * What Loki 2.x and 3.x say of a line that is older than its stream's newest by more than they take. "timestamp too old" is
 * not among them: that is the age limit, which a repeat does not come under unless the first time did.
 */
export const isStoredOrOlderLine = (message: string): boolean => /entry out of order|entry too far behind/i.test(message)

/** Of a gateway, which quotes its storages. */
export const isStoredOrOlder = (message: string): boolean => isStoredOrOlderSample(message) || isStoredOrOlderLine(message)
