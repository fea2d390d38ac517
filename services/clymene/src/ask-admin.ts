import { request } from 'undici'

export type AskAdminOptions = {
  readonly timeoutMs: number
  /** Sent as `Authorization: Bearer`. */
  readonly token: string | undefined
  readonly maxBytes: number
}

export type AdminAnswer = {
  readonly status: number
  /** Parsed; undefined when it is no JSON. */
  readonly answer: unknown
  /** What the answer gives as its error, else how it begins. */
  readonly said: string
}

/**
 * Asks the admin port of a service; a path of `url` is that of a proxy before it.
 *
 * @throws Error when nobody answers, not in time, or with more than `maxBytes`.
 */
export async function askAdmin(url: URL, path: string, { timeoutMs, token, maxBytes }: AskAdminOptions): Promise<AdminAnswer> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const { statusCode, body } = await request(`${url.href.replace(/\/$/, '')}${path}`, { headers, signal })
    const text = await textOf(body, maxBytes)
    const answer = parse(text)
    return { status: statusCode, answer, said: (errorIn(answer) ?? text).trim().slice(0, 200) }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') throw new Error(`no answer within ${timeoutMs} ms`, { cause: error })
    throw error
  }
}

/** Nobody listens there. */
export const isRefused = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'

const errorIn = (answer: unknown): string | undefined =>
  typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string' ? answer.error : undefined

async function textOf(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
