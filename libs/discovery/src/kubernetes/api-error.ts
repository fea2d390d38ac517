import { isJson, listAt, jsonAt, numberAt, textAt } from './json.ts'

/** The API server said no, by its HTTP status or by an ERROR event inside a watch. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status. */
  readonly status: number
  /** The API's word for it, such as Expired; '' when it said none. */
  readonly reason: string
  readonly retryAfterMs: number | undefined

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

/** A `Status` object; anything else (a proxy answered) gives its first characters. */
export function apiError(status: number, body: unknown, text: string, retryAfterMs?: number): ApiError {
  if (!isJson(body) || body['kind'] !== 'Status') {
    const shown = text.trim().split('\n')[0]?.slice(0, 200) ?? ''
    return new ApiError(status, '', `answered ${status}${shown === '' ? '' : `: ${shown}`}`, retryAfterMs)
  }
  const tooLarge = listAt(jsonAt(body, 'details'), 'causes').some((cause) => textAt(cause, 'reason') === 'ResourceVersionTooLarge')
  const seconds = numberAt(jsonAt(body, 'details'), 'retryAfterSeconds')
  return new ApiError(
    numberAt(body, 'code') ?? status,
    tooLarge ? 'ResourceVersionTooLarge' : textAt(body, 'reason'),
    `answered ${numberAt(body, 'code') ?? status}: ${textAt(body, 'message')}`,
    retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000),
  )
}

/** The server no longer has, or does not have yet, the version that was asked for: everything has to be listed anew. */
export const isExpired = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'ResourceVersionTooLarge')

/** What a server that knows no streaming lists answers to one; also what every server answers to a wrong selector. */
export const isInvalid = (error: unknown): boolean => error instanceof ApiError && (error.status === 400 || error.status === 422)

/** The server does not let or understand who asks: asking again changes nothing until somebody does something. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && error.status >= 400 && error.status < 500 && ![408, 410, 425, 429].includes(error.status)
