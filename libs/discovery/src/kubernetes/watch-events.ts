import type { Readable } from 'node:stream'

import { apiError } from './api-error.ts'
import { isJson, jsonAt, textAt, type Json } from './json.ts'
import { createLineCutter, type Line } from './lines.ts'
import type { KubernetesObject } from './resources.ts'
import { createTurns } from './turns.ts'

export type WatchEvent<T = KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Everything up to this version was sent; `isInitialEnd` ends the list at the beginning of a streaming list. */
  | { readonly type: 'BOOKMARK'; readonly version: string; readonly isInitialEnd: boolean }
  /** An object that is larger than allowed. */
  | { readonly type: 'TOO LARGE' }

/**
 * The events of a watch, a line of JSON each, in groups as they come; the event loop gets its turn in between.
 *
 * @throws ApiError for an ERROR event; Error when the answer ends in the middle of a line or holds something else.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export async function* readWatch<T>(
  body: Readable,
  read: (object: Json) => T,
  maxObjectBytes: number,
): AsyncGenerator<readonly WatchEvent<T>[]> {
  const cutter = createLineCutter(maxObjectBytes)
  const turn = createTurns()
  // Bodies of undici give Buffers.
  const chunks: AsyncIterable<Buffer> = body
  for await (const chunk of chunks) {
    let events: WatchEvent<T>[] = []
    for (const line of cutter.push(chunk)) {
      const event = eventOf(line, read)
      if (event instanceof Error) {
        // None: a server that only says that it expired shows nothing else by that.
        if (events.length > 0) yield events
        throw event
      }
      if (event !== undefined) events.push(event)
      const pause = turn()
      if (pause === undefined) continue
      yield events
      events = []
      await pause
    }
    if (events.length > 0) yield events
  }
  if (cutter.rest() > 0) throw new Error('the answer ended in the middle of an event')
}

/** An error is a value here: what stands before it counts. */
function eventOf<T>(line: Line, read: (object: Json) => T): WatchEvent<T> | Error | undefined {
  if (line === 'too long') return { type: 'TOO LARGE' }
  if (line.length === 0) return undefined
  try {
    return parseEvent(line, read)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function parseEvent<T>(line: Buffer, read: (object: Json) => T): WatchEvent<T> {
  const event: unknown = parseLine(line)
  if (!isJson(event)) throw new Error('expected an event, found other JSON')
  const object = jsonAt(event, 'object')
  const type = event['type']
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: read(object) }
    case 'BOOKMARK': {
      const metadata = jsonAt(object, 'metadata')
      const isInitialEnd = textAt(jsonAt(metadata, 'annotations'), 'k8s.io/initial-events-end') === 'true'
      return { type, version: textAt(metadata, 'resourceVersion'), isInitialEnd }
    }
    case 'ERROR':
      throw apiError(0, object, '')
    default:
      throw new Error(`expected an event, found one of type ${JSON.stringify(type)?.slice(0, 40)}`)
  }
}

function parseLine(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    throw new Error('expected a line of JSON')
  }
}
