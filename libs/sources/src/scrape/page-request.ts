import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { errorCode } from '@clymene/model'
import { EXPOSITION_ACCEPT } from '@clymene/wire'
import type { Dispatcher } from 'undici'

import type { ScrapeHttp } from './job.ts'
import { ScrapeLimitError } from './sample-labels.ts'
import type { TargetUrl } from './target-url.ts'

export type PageRequest = {
  readonly dispatcher: Dispatcher
  readonly url: TargetUrl
  readonly timeoutMs: number
  /** Of the body as received and of the decompressed body. */
  readonly maxBytes: number
  readonly userAgent: string
  readonly headers: ScrapeHttp['requestHeaders'] | undefined
}

export type Page = { readonly body: Buffer; readonly contentType: string | undefined }

/**
 * Fetches the page of a target.
 *
 * @throws ScrapeLimitError when it is too large; Error saying what went wrong: no connection, no answer in time, a status
 *   that is not 200, a damaged body; the signal's reason when it is aborted.
 */
export async function fetchPage(request: PageRequest, signal: AbortSignal): Promise<Page> {
  const abort = new AbortController()
  const stop = (): void => abort.abort(signal.reason)
  const timer = setTimeout(() => abort.abort(new Error(`no complete answer within ${request.timeoutMs / 1000} s`)), request.timeoutMs)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await fetchWithin(request, abort.signal)
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

async function fetchWithin({ dispatcher, url, timeoutMs, maxBytes, userAgent, headers }: PageRequest, signal: AbortSignal): Promise<Page> {
  const response = await answerOf(dispatcher, {
    origin: url.origin,
    path: url.path,
    method: 'GET',
    headers: {
      ...(await headers?.(signal)),
      accept: EXPOSITION_ACCEPT,
      'accept-encoding': 'gzip',
      'user-agent': userAgent,
      'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
    },
    signal,
  })
  if (response.statusCode !== 200) {
    await response.body.dump({ limit: 64 * 1024, signal })
    throw new Error(`server answered ${response.statusCode}${response.statusText === '' ? '' : ` ${response.statusText}`}, expected 200`)
  }
  const received = await readBody(response.body, maxBytes)
  const zipped = headerText(response.headers['content-encoding'])?.toLowerCase() === 'gzip'
  const body = zipped ? await unzip(received, maxBytes) : received
  return { body, contentType: headerText(response.headers['content-type']) }
}

/** A kept connection that the target has closed meanwhile shows only when it is used: then once more, on a new one. */
async function answerOf(dispatcher: Dispatcher, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
  try {
    return await dispatcher.request(options)
  } catch (error) {
    if (!CLOSED.has(errorCode(error))) throw error
    return dispatcher.request(options)
  }
}

const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

async function readBody(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop by an error destroys the stream and with it the connection.
  for await (const chunk of stream) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length)
}

const gunzipAsync = promisify<Buffer, { maxOutputLength: number; chunkSize: number }, Buffer>(gunzip)

/**
 * The length that the last four bytes of gzip claim (RFC 1952 §2.3.1), within bounds: only how much is unpacked at a time, so that
 * a page is one piece instead of one of 16 KiB after the other. A body cannot make it more than 32 times its own length.
 */
function unzippedLength(received: Buffer, maxBytes: number): number {
  const claimed = received.length < 18 ? 0 : received.readUInt32LE(received.length - 4)
  return Math.max(Math.min(claimed + 1, 32 * received.length, maxBytes + 1), 16 * 1024)
}

async function unzip(received: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await gunzipAsync(received, { maxOutputLength: maxBytes, chunkSize: unzippedLength(received, maxBytes) })
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(maxBytes)
    throw new Error(`the gzip body is damaged: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

const tooLarge = (maxBytes: number): ScrapeLimitError => new ScrapeLimitError('body_size_limit', `more than ${maxBytes} bytes`)

const headerText = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)
