import { errorCode } from '@clymene/model'
import {
  authorizedRequest,
  connectionReason,
  createHttpAccess,
  createRenewed,
  hideSecrets,
  openConnections,
  parseRetryAfter,
  type AuthorizedAnswer,
  type HttpAccessConfig,
} from '@clymene/runtime'
import { Agent, type Dispatcher } from 'undici'

import { DiscoveryError } from '../discovery-error.ts'
import { readStart, readText } from './read-text.ts'
import { MAX_REDIRECTS, redirectOf } from './redirects.ts'

export type ServiceClientOptions = {
  readonly http: HttpAccessConfig
  /** The path of a unix socket that is spoken to instead of the host of the URL. */
  readonly socketPath?: string | undefined
  readonly maxBytes: number
}

export type ServiceRequest = {
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole answer. */
  readonly timeoutMs: number
}

export type ServiceAnswer = { readonly headers: Dispatcher.ResponseData['headers']; readonly text: string }

/** An HTTP client of one discoverer. */
export type ServiceClient = {
  /**
   * The answer of a GET that has status 200. Credentials and further headers are shown to the origin of the URL only, not to where it redirects.
   *
   * @throws DiscoveryError without secrets; the signal's reason when it is aborted.
   */
  readonly get: (request: ServiceRequest, signal: AbortSignal) => Promise<ServiceAnswer>
  readonly close: () => Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 120_000
/** A kept connection that the server has closed meanwhile shows only when it is used: then once more, on a new one. */
const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const PLAIN: Readonly<Record<string, string>> = { accept: 'application/json', 'user-agent': 'Clymene' }

/** Opens nothing before the first request. Files of secrets and certificates are read again when they change. */
export function createServiceClient({ http, socketPath, maxBytes }: ServiceClientOptions): ServiceClient {
  const access = createHttpAccess(http)
  const agent = createRenewed({
    tls: access.tls,
    open: () => {
      // Each request has its own limit of time.
      const limits = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }
      if (socketPath === undefined) return openConnections(access, { ...limits, connectTimeoutMs: CONNECT_TIMEOUT_MS })
      return new Agent({ ...limits, allowH2: false, connect: { socketPath, timeout: CONNECT_TIMEOUT_MS } })
    },
    close: (dispatcher) => dispatcher.destroy(),
  })

  const follow = async (dispatcher: Dispatcher, { url, headers }: ServiceRequest, signal: AbortSignal): Promise<ServiceAnswer> => {
    let place = url
    let isOwn = true
    for (let redirects = 0; ; redirects++) {
      const { origin, pathname, search } = place
      const send = (shown: Readonly<Record<string, string>>) =>
        dispatcher.request({ origin, path: pathname + search, method: 'GET', headers: { ...PLAIN, ...shown }, signal })
      const { response, secrets }: AuthorizedAnswer = isOwn
        ? await authorizedRequest(access, (credentials) => send({ ...credentials, ...headers }), signal)
        : { response: await send({}), secrets: {} }
      access.certificate?.accepted()
      if (response.statusCode === 200) return { headers: response.headers, text: await readText(response.body, maxBytes) }
      const next: URL | undefined = http.followRedirects ? redirectOf(response.statusCode, response.headers['location'], place) : undefined
      if (next === undefined) throw await refusal(response, secrets)
      await response.body.dump({ limit: 64 * 1024, signal })
      if (redirects === MAX_REDIRECTS) throw new DiscoveryError('answer', `more than ${MAX_REDIRECTS} redirects`, { needsOperator: true })
      // Once away they are not shown again, even if the way leads back.
      isOwn &&= next.origin === place.origin
      place = next
    }
  }

  return {
    get: async (request, signal) => {
      const patience = AbortSignal.timeout(request.timeoutMs)
      try {
        const both = AbortSignal.any([signal, patience])
        const once = (): Promise<ServiceAnswer> => agent.use((dispatcher) => follow(dispatcher, request, both))
        return await once().catch((error: unknown) => {
          if (!CLOSED.has(errorCode(error))) throw error
          return once()
        })
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof DiscoveryError) throw error
        if (patience.aborted)
          throw new DiscoveryError('timeout', `no complete answer within ${request.timeoutMs / 1000} s`, { cause: error })
        const { text, needsOperator } = connectionReason(error, access.certificate)
        throw new DiscoveryError(/^cannot (?:read|use) /.test(text) ? 'file' : 'connection', text, { cause: error, needsOperator })
      }
    },
    close: agent.close,
  }
}

async function refusal(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  credentials: Readonly<Record<string, string>>,
): Promise<DiscoveryError> {
  // A server may quote what it was sent, and a page of HTML explains nothing.
  const said = hideSecrets(await readStart(body, 16 * 1024), credentials)
  const line = said.trimStart().startsWith('<') ? '' : (said.split('\n').find((one) => one.trim() !== '') ?? '')
  const shown = line.trim().slice(0, 200)
  return new DiscoveryError('answer', `answered ${statusCode}, expected 200${shown === '' ? '' : `: ${shown}`}`, {
    status: statusCode,
    needsOperator: (statusCode >= 300 && statusCode < 500 && statusCode !== 408 && statusCode !== 429) || statusCode === 501,
    retryAfterMs: parseRetryAfter(headers['retry-after']?.toString(), Date.now()),
  })
}
