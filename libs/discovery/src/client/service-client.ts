import { errorCode } from '@clymene/model'
import { createHttpAccess, createRenewed, hideSecrets, parseRetryAfter, connectionReason, type HttpAccessConfig } from '@clymene/runtime'
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
const USER_AGENT = 'Clymene'

/** Opens nothing before the first request. Files of secrets and certificates are read again when they change. */
export function createServiceClient({ http, socketPath, maxBytes }: ServiceClientOptions): ServiceClient {
  const access = createHttpAccess(http)
  const agent = createRenewed({
    tls: access.tls,
    open: () =>
      new Agent({
        allowH2: false,
        // Each request has its own limit of time.
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connect:
          socketPath === undefined
            ? (access.connect?.(CONNECT_TIMEOUT_MS) ?? { timeout: CONNECT_TIMEOUT_MS })
            : { socketPath, timeout: CONNECT_TIMEOUT_MS },
      }),
    close: (dispatcher) => dispatcher.destroy(),
  })

  const follow = async (dispatcher: Dispatcher, { url, headers }: ServiceRequest, signal: AbortSignal): Promise<ServiceAnswer> => {
    const plain = { accept: 'application/json', 'user-agent': USER_AGENT }
    const credentials = access.headers()
    const own = { ...plain, ...credentials, ...headers }
    let place = url
    let carried: Readonly<Record<string, string>> = own
    for (let redirects = 0; ; redirects++) {
      const { origin, pathname, search } = place
      const answer = await dispatcher.request({ origin, path: pathname + search, method: 'GET', headers: carried, signal })
      access.certificate?.accepted()
      if (answer.statusCode === 200) return { headers: answer.headers, text: await readText(answer.body, maxBytes) }
      const next = http.followRedirects ? redirectOf(answer.statusCode, answer.headers['location'], place) : undefined
      if (next === undefined) throw await refusal(answer, credentials)
      await answer.body.dump({ limit: 64 * 1024, signal })
      if (redirects === MAX_REDIRECTS) throw new DiscoveryError('answer', `more than ${MAX_REDIRECTS} redirects`, { needsOperator: true })
      // Once away they are not shown again, even if the way leads back.
      if (next.origin !== place.origin) carried = plain
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
