import { readNumber } from '../read-options.ts'
import type { StageKind } from '../stage.ts'
import { createTokenBucket, type TokenBucket } from '../token-bucket.ts'

/** Promtail raises anything lower to this, too. */
const LEAST_DISTINCT_LABELS = 10_000

/**
 * Lets `rate` lines a second through, after a `burst`, of all files of the job together. What is more is taken out with
 * `drop`; without, lines are read no faster: the stage says when the next line is welcome, and holds none. With
 * `by_label_name` each value of that label has a rate of its own, and lines without it have none; of
 * `max_distinct_labels` values those seen last are remembered.
 */
export const limit: StageKind = {
  keys: ['rate', 'burst', 'drop', 'by_label_name', 'max_distinct_labels'],
  parse: (fields) => {
    for (const key of ['rate', 'burst']) if ((fields.raw(key) ?? '') === '') fields.mistake(`.${key}: expected a number above 0`)
    const rate = readNumber(fields, 'rate', 'a number above 0', (value) => value > 0 && value < Infinity) ?? 1
    const burst = readNumber(fields, 'burst', 'a whole number above 0', (value) => Number.isSafeInteger(value) && value > 0) ?? 1
    const isDropping = fields.flag('drop') ?? false
    const label = fields.text('by_label_name') ?? ''
    const maxLabels = Math.max(fields.count('max_distinct_labels') ?? 0, LEAST_DISTINCT_LABELS)
    if (label !== '' && !isDropping) fields.mistake('.by_label_name: needs drop: true, lines of one label value cannot wait for themselves')
    // What the pipelines of one source have in common is found by it.
    const owner = {}

    return (pass, context) => {
      if (!isDropping) {
        const bucket = context.shared(owner, () => createTokenBucket(rate, burst))
        // Files take their tokens beforehand, one after the other, so that each gets its share.
        let turnNs: bigint | undefined
        return {
          push: (entry) => {
            if (turnNs === undefined) bucket.take(context.steadyNow())
            turnNs = undefined
            pass(entry)
          },
          waitUntilNs: () => (turnNs ??= bucket.take(context.steadyNow())),
        }
      }
      const bucketOf = context.shared(owner, () => createBuckets(maxLabels, () => createTokenBucket(rate, burst)))
      return {
        push: (entry) => {
          const value = label === '' ? '' : entry.labels.get(label)
          const isFree = (label !== '' && value === '') || bucketOf(value).tryTake(context.steadyNow())
          if (isFree) pass(entry)
          else context.dropped('ratelimit_drop_stage', 1)
        },
      }
    }
  },
}

/** A bucket for each value; that which was not asked for the longest is forgotten first. */
function createBuckets(max: number, create: () => TokenBucket): (value: string) => TokenBucket {
  const buckets = new Map<string, TokenBucket>()
  return (value) => {
    const bucket = buckets.get(value) ?? create()
    buckets.delete(value)
    buckets.set(value, bucket)
    const [oldest] = buckets.size > max ? buckets.keys() : []
    if (oldest !== undefined) buckets.delete(oldest)
    return bucket
  }
}
