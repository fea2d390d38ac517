/** What an operator can do about a refusal, told by its reason; undefined when nothing is known. */
export function hintFor(reason: string): string | undefined {
  return HINTS.find(({ reasons }) => reasons.test(reason))?.hint
}

const HINTS: readonly { readonly reasons: RegExp; readonly hint: string }[] = [
  {
    reasons: /out of order sample|out-of-order|out of bounds|too old sample|too far (?:behind|in the past)|err-mimir-sample/i,
    hint: 'Prometheus, Cortex and Mimir take samples that are older than the newest of their series only within out_of_order_time_window (Prometheus: storage.tsdb in prometheus.yml): make it longer than the samples are old, then send again',
  },
  {
    reasons: /entry too far behind|entry out of order|timestamp too old|greater_than_max_sample_age/i,
    hint: 'Loki takes lines that are older than the newest of their stream by half of max_chunk_age, and none older than reject_old_samples_max_age (limits_config): raise them, then send again',
  },
]
