import type { Readable } from 'node:stream'

import type { ApiServer } from './api-server.ts'
import { isJson, jsonAt, listAt, textAt, type Json } from './json.ts'

export type ListOptions = {
  readonly path: string
  readonly selectors: URLSearchParams
  readonly maxPageBytes: number
}

export type Page = {
  readonly items: readonly Json[]
  /** Of the list: what a watch goes on from after its last page. */
  readonly version: string
  readonly isLast: boolean
}

/** Objects in one page of a list. */
const PAGE = 500

/** Lists everything page by page; the next is asked for when the one before was taken. @throws ApiError */
export async function* listPages(
  api: ApiServer,
  { path, selectors, maxPageBytes }: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let next = ''
  do {
    const page = await readPage(await api.get(path, pageQuery(selectors, next), signal), maxPageBytes)
    const metadata = jsonAt(page, 'metadata')
    next = textAt(metadata, 'continue')
    yield { items: listAt(page, 'items'), version: textAt(metadata, 'resourceVersion'), isLast: next === '' }
  } while (next !== '')
}

/** @param next what the page before said to continue with; '' is the first page. */
function pageQuery(selectors: URLSearchParams, next: string): URLSearchParams {
  const query = new URLSearchParams(selectors)
  query.set('limit', String(PAGE))
  if (next !== '') query.set('continue', next)
  return query
}

async function readPage(body: Readable, maxBytes: number): Promise<Json> {
  const parts: Buffer[] = []
  let length = 0
  // Bodies of undici give Buffers.
  const chunks: AsyncIterable<Buffer> = body
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`a page of the list has more than ${maxBytes} bytes`)
    parts.push(chunk)
  }
  let page: unknown
  try {
    page = JSON.parse(Buffer.concat(parts, length).toString('utf8'))
  } catch {
    throw new Error('expected a list in JSON')
  }
  if (!isJson(page) || !Array.isArray(page['items'] ?? [])) throw new Error('expected a list, found other JSON')
  return page
}
