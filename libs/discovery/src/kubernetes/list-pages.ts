import type { Readable } from 'node:stream'

import type { ApiServer } from './api-server.ts'
import { isJson, jsonAt, listAt, textAt, type Json } from './json.ts'
import { RESOURCES, type KubernetesObject } from './resources.ts'
import { createTurns } from './turns.ts'
import { listQuery, selectionPath, type Selection } from './watch-request.ts'

export type ListOptions = {
  readonly selection: Selection
  readonly maxPageBytes: number
  readonly listed: (object: KubernetesObject) => void
}

/** Lists everything page by page, for servers without streaming lists. Resolves with the version that a watch goes on from. @throws ApiError */
export async function listPages(api: ApiServer, { selection, maxPageBytes, listed }: ListOptions, signal: AbortSignal): Promise<string> {
  const { read } = RESOURCES[selection.resource]
  const turn = createTurns()
  let next = ''
  for (;;) {
    const body = await api.get(selectionPath(selection), listQuery(selection, next), signal)
    const page = await readPage(body, maxPageBytes)
    for (const item of listAt(page, 'items')) {
      listed(read(item))
      await turn()
    }
    const metadata = jsonAt(page, 'metadata')
    next = textAt(metadata, 'continue')
    if (next === '') return textAt(metadata, 'resourceVersion')
  }
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
