import { errorMessage, RetryableError, type PermanentError } from '@clymene/model'
import { basicCredentials, connectionFailure, failureOf, hideSecrets, type HttpAccess } from '@clymene/runtime'
import { errors, type Client } from '@elastic/elasticsearch'

/** What a call of the client takes beside its content: the credentials of this moment. */
export type AskOptions = { readonly signal: AbortSignal; readonly headers: Record<string, string> }

/** Runs a call of the client. @throws RetryableError or PermanentError as the answer says; the signal's reason when aborted */
export type Ask = <T>(call: (client: Client, options: AskOptions) => Promise<T>, signal: AbortSignal) => Promise<T>

export function createAsk(client: Client, access: HttpAccess): Ask {
  const urls = [...client.connectionPool.connections].map(({ url }) => url)
  const peer = `elasticsearch ${urls.map(({ host }) => host).join(',')}`
  return async (call, signal) => {
    const headers = headersOf(access, peer)
    try {
      const answer = await call(client, { signal, headers })
      access.certificate?.accepted()
      return answer
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw failure(error)
    }

    function failure(error: unknown): RetryableError | PermanentError {
      if (error instanceof errors.ProductNotSupportedError) {
        return new RetryableError(`${peer} answers, but not as Elasticsearch 8 or 9 does`, { cause: error, needsOperator: true })
      }
      if (!(error instanceof errors.ResponseError)) return connectionFailure(error, peer, access.certificate)
      access.certificate?.accepted()
      const retryAfter = error.headers?.['retry-after']
      const line = error.message.split('\n', 1)[0] ?? ''
      return failureOf({
        status: error.statusCode ?? 0,
        message: urls.reduce((text, url) => hideSecrets(text, ofUrl(url)), hideSecrets(line, headers)).slice(0, 512),
        retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
        peer,
      })
    }
  }
}

function headersOf(access: HttpAccess, peer: string): Record<string, string> {
  try {
    return { ...access.headers() }
  } catch (error) {
    // A file of a secret that is away or wrong: it may come back.
    throw new RetryableError(`${peer}: ${errorMessage(error)}`, { cause: error, needsOperator: true })
  }
}

/** What the client makes of a user in an address. */
const ofUrl = ({ username, password }: URL): Readonly<Record<string, string>> =>
  username === '' ? {} : { authorization: basicCredentials(decodeURIComponent(username), decodeURIComponent(password)) }
