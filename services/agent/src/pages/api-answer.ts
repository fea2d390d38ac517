import { Readable } from 'node:stream'

import { ConfigError } from '@clymene/model'
import type { PageReply } from '@clymene/runtime'

/** As Prometheus says it, to the letter. */
const TYPE = 'application/json'

/** `{"status":"success","data":…}`. */
export const success = (json: unknown): PageReply => ({ type: TYPE, body: JSON.stringify({ status: 'success', data: json }) })

/** The same with `data` as pieces of JSON: what is large need not stand in memory as one text. */
export const streamedSuccess = (pieces: Iterable<string>): PageReply => ({
  type: TYPE,
  body: Readable.from(inChunks(enveloped(pieces)), { objectMode: false }),
})

/** Of a parameter that is wrong: 400. */
const badParameter = (message: string): PageReply => ({
  status: 400,
  type: TYPE,
  body: JSON.stringify({ status: 'error', errorType: 'bad_data', error: message }),
})

/** What `answer` gives, or {@link badParameter} when it throws ConfigError. */
export function answered(answer: () => PageReply): PageReply {
  try {
    return answer()
  } catch (error) {
    if (error instanceof ConfigError) return badParameter(error.message)
    throw error
  }
}

/** A list of JSON, a piece an item. */
export function* listPieces<T>(items: Iterable<T>, toJson: (item: T) => unknown): Iterable<string> {
  let before = '['
  for (const item of items) {
    yield before + JSON.stringify(toJson(item))
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

function* enveloped(pieces: Iterable<string>): Iterable<string> {
  yield '{"status":"success","data":'
  yield* pieces
  yield '}'
}

/** A write each is dear, and an item is small. */
const CHUNK_CHARACTERS = 64 * 1024

function* inChunks(pieces: Iterable<string>): Iterable<Buffer> {
  let chunk = ''
  for (const piece of pieces) {
    chunk += piece
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(chunk)
    chunk = ''
  }
  yield Buffer.from(chunk)
}
