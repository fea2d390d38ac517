import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { hideSecrets } from '@clymene/runtime'
import type { Dispatcher } from 'undici'

import type { ScrapeHttp } from './job.ts'
import { answerOf } from './page-answer.ts'
import { ScrapeLimitError } from './sample-labels.ts'
import type { TargetUrl } from './target-url.ts'

export type PageRequest = {
  readonly dispatcher: Dispatcher
  readonly url: TargetUrl
  readonly timeoutMs: number
  /** Of the body as received and of the decompressed body. */
  readonly maxBytes: number
  readonly userAgent: string
  /** What the page may be, as the header says it. */
  readonly accept: string
  /** Whether the page may be sent with gzip. */
  readonly enableCompression: boolean
  readonly http: ScrapeHttp
}

export type Page = { readonly body: Buffer; readonly contentType: string | undefined }

/**
 * Fetches the page of a target.
 *
 * @throws ScrapeLimitError when it is too large; Error saying what went wrong: a file that cannot be read,
 *   no connection, a certificate, no answer in time, a status that is not 200, a damaged body; the signal's reason when it is aborted.
 */
export async function fetchPage(request: PageRequest, signal: AbortSignal): Promise<Page> {
  const abort = new AbortController()
  const ended = Promise.withResolvers<never>()
  const end = (reason: unknown): void => {
    abort.abort(reason)
    // An aborted request may still wait for a connection, and longer than the scrape may take.
    ended.reject(reason)
  }
  const stop = (): void => end(signal.reason)
  const timer = setTimeout(() => end(new Error(`no complete answer within ${request.timeoutMs / 1000} s`)), request.timeoutMs)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([fetchWithin(request, abort.signal), ended.promise])
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

async function fetchWithin(request: PageRequest, signal: AbortSignal): Promise<Page> {
  const { dispatcher, url, timeoutMs, maxBytes, userAgent, accept, enableCompression, http } = request
  const headers = {
    accept,
    'accept-encoding': enableCompression ? 'gzip' : 'identity',
    'user-agent': userAgent,
    'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
  }
  const { response, secrets } = await answerOf({ dispatcher, url, headers, http }, signal)
  if (response.statusCode !== 200) throw await refusal(response, secrets, signal)
  const received = await readBody(response.body, maxBytes)
  const zipped = headerText(response.headers['content-encoding'])?.toLowerCase() === 'gzip'
  const body = zipped ? await unzip(received, maxBytes) : received
  return { body, contentType: headerText(response.headers['content-type']) }
}

/** Answers whose text says who may not do what, or that TLS is spoken here. */
const EXPLAINED: ReadonlySet<number> = new Set([400, 401, 403])

async function refusal(response: Dispatcher.ResponseData, secrets: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Error> {
  const { statusCode, statusText } = response
  const text = `server answered ${statusCode}${statusText === '' ? '' : ` ${statusText}`}, expected 200`
  if (!EXPLAINED.has(statusCode)) {
    await response.body.dump({ limit: 64 * 1024, signal })
    return new Error(text)
  }
  // The server may quote what it was sent, and a page of HTML explains nothing.
  const said = hideSecrets((await readBeginning(response.body)).toString('utf8'), secrets)
  const line = said.trimStart().startsWith('<') ? '' : (said.split('\n').find((one) => one.trim() !== '') ?? '')
  const shown = line.trim().slice(0, 200)
  const hint = statusCode === 401 && !('authorization' in secrets) ? '; no credentials were sent' : ''
  return new Error(`${text}${hint}${shown === '' ? '' : `: ${shown}`}`)
}

async function readBeginning(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= 16 * 1024) break
  }
  return Buffer.concat(chunks, length)
}

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
