import { setImmediate } from 'node:timers/promises'

import { errorCode } from '@clymene/model'
import { authorizedRequest, connectionReason } from '@clymene/runtime'
import type { Dispatcher } from 'undici'

import type { ScrapeHttp } from './job.ts'
import type { TargetUrl } from './target-url.ts'

export type PageAnswer = {
  readonly response: Dispatcher.ResponseData
  /** Headers that may hold secrets, as they were sent to who answered. */
  readonly secrets: Readonly<Record<string, string>>
}

export type AnswerRequest = {
  readonly dispatcher: Dispatcher
  readonly url: TargetUrl
  readonly headers: Readonly<Record<string, string>>
  readonly http: ScrapeHttp
}

const MAX_REDIRECTS = 10

/**
 * The answer of a target, or of where it sends us. Credentials and further headers are shown to the target's own origin only; once
 * away from there they are not shown again, even if the way leads back.
 *
 * @throws Error naming a file that cannot be read, or saying why there is no answer.
 */
export async function answerOf({ dispatcher, url, headers, http }: AnswerRequest, signal: AbortSignal): Promise<PageAnswer> {
  const send = (place: TargetUrl, shown: Readonly<Record<string, string>>): Promise<Dispatcher.ResponseData> =>
    requested(dispatcher, { origin: place.origin, path: place.path, method: 'GET', headers: shown, signal }, http)
  let [place, isOwn] = [url, true]
  for (let redirects = 0; ; redirects++) {
    const answer = isOwn
      ? await authorizedRequest(http.access, (credentials) => send(place, withAccept({ ...credentials, ...headers }, credentials)), signal)
      : { response: await send(place, headers), secrets: {} }
    const { response } = answer
    const next = http.followRedirects ? redirectOf(response, place) : undefined
    if (next === undefined) return answer
    await response.body.dump({ limit: 64 * 1024, signal })
    // A connection is free for the next request a turn after its answer.
    await setImmediate()
    if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`)
    if (next.origin !== new URL(place.origin).origin) isOwn = false
    place = next
  }
}

/** An Accept of the configuration stands behind our own. */
function withAccept(
  headers: Readonly<Record<string, string>>,
  { accept }: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return accept === undefined ? headers : { ...headers, accept: [headers['accept'], accept].join(', ') }
}

/** A kept connection that the target has closed meanwhile shows only when it is used: then once more, on a new one. */
async function requested(
  dispatcher: Dispatcher,
  options: Dispatcher.RequestOptions,
  { access }: ScrapeHttp,
): Promise<Dispatcher.ResponseData> {
  const request = async (): Promise<Dispatcher.ResponseData> => {
    const response = await dispatcher.request(options)
    access.certificate?.accepted()
    return response
  }
  try {
    return await request().catch((error: unknown) => {
      if (!CLOSED.has(errorCode(error))) throw error
      return request()
    })
  } catch (error) {
    const { text } = connectionReason(error, access.certificate)
    const isOtherName = errorCode(error) === 'ERR_TLS_CERT_ALTNAME_INVALID'
    throw new Error(isOtherName ? `${text}; tls_config.server_name says which name to expect` : text, { cause: error })
  }
}

const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData, from: TargetUrl): TargetUrl | undefined {
  const { location } = headers
  if (!REDIRECTS.has(statusCode) || typeof location !== 'string') return undefined
  const base = from.origin + from.path
  // Where it leads is not told: a query may hold a secret.
  if (!URL.canParse(location, base)) throw new Error(`server answered ${statusCode} with a location that is no URL`)
  const { protocol, origin, pathname, search } = new URL(location, base)
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`server answered ${statusCode} with a location of ${protocol}`)
  return { origin, path: pathname + search }
}
