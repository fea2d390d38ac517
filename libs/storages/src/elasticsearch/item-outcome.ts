/** What Elasticsearch says about one action of a bulk. */
export type BulkItem = {
  readonly status?: number | undefined
  readonly error?: { readonly type?: string | undefined; readonly reason?: string | null | undefined } | undefined
}

export type ItemOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'retry'; readonly status: number; readonly reason: string; readonly needsOperator: boolean }
  | { readonly kind: 'refused'; readonly reason: string }

const STORED: ItemOutcome = { kind: 'stored' }
/** Statuses that speak of the content. */
const CONTENT = new Set([400, 413, 422])
/** Answers with status 400 that speak of the cluster: no room for another shard, an index that was closed. */
const NOT_CONTENT = new Set(['validation_exception', 'index_closed_exception', 'invalid_alias_name_exception'])
/** What a pipeline of the index says with status 500 of a document that its `fail` processor refuses. What else has 500 may pass. */
const REFUSED_BY_PIPELINE = 'fail_processor_exception'
const MAX_REASON = 512

/** One item's answer to what becomes of its document. 409 is our own document of an earlier attempt: no other can have its `_id`. */
export function itemOutcome({ status = 0, error }: BulkItem): ItemOutcome {
  if ((status >= 200 && status < 300 && error === undefined) || status === 409) return STORED
  const type = error?.type ?? 'no type'
  const reason = `${type}: ${error?.reason ?? 'no reason'}`.slice(0, MAX_REASON)
  if ((CONTENT.has(status) && !NOT_CONTENT.has(type)) || type === REFUSED_BY_PIPELINE) return { kind: 'refused', reason }
  return { kind: 'retry', status, reason, needsOperator: status >= 300 && status < 500 && status !== 408 && status !== 429 }
}
