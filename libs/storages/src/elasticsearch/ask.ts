import { errorMessage, RetryableError, type PermanentError } from '@clymene/model'
import {
  basicCredentials,
  connectionFailure,
  createClientCertificate,
  createRenewed,
  failureOf,
  hideSecrets,
  type HttpAccess,
  type TlsOptions,
} from '@clymene/runtime'
import { errors, type Client } from '@elastic/elasticsearch'

const { ResponseError } = errors
type ResponseError = InstanceType<typeof ResponseError>

/** What a call of the client takes beside its content: the credentials of this moment. */
export type AskOptions = { readonly signal: AbortSignal; readonly headers: Record<string, string> }

/** Runs a call of the client. @throws RetryableError or PermanentError as the answer says; the signal's reason when aborted */
export type Ask = <T>(call: (client: Client, options: AskOptions) => Promise<T>, signal: AbortSignal) => Promise<T>

export type AskElasticsearch = { readonly ask: Ask; readonly close: () => Promise<void> }

export function createAsk(urls: readonly URL[], access: HttpAccess, open: (tls: TlsOptions | undefined) => Client): AskElasticsearch {
  const peer = `elasticsearch ${urls.map(({ host }) => host).join(',')}`
  const isSecure = urls.some(({ protocol }) => protocol === 'https:')
  const certificate = access.certificate ?? (isSecure ? createClientCertificate({}) : undefined)
  const clients = createRenewed({ tls: access.tls, open, close: (client) => client.close() })
  const ask: Ask = async (call, signal) => {
    const headers = headersOf(access, peer)
    try {
      const answer = await clients.use((client) => call(client, { signal, headers }))
      certificate?.accepted()
      return answer
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw error instanceof RetryableError ? error : failure(error)
    }

    function failure(error: unknown): RetryableError | PermanentError {
      if (error instanceof errors.ProductNotSupportedError) {
        return new RetryableError(`${peer} answers, but not as Elasticsearch 8 or 9 does`, { cause: error, needsOperator: true })
      }
      if (!(error instanceof ResponseError)) return connectionFailure(error, peer, certificate)
      certificate?.accepted()
      const retryAfter = error.headers?.['retry-after']
      return failureOf({
        status: error.statusCode ?? 0,
        message: urls.reduce((text, url) => hideSecrets(text, ofUrl(url)), hideSecrets(reasonOf(error), headers)).slice(0, 512),
        retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
        peer,
      })
    }
  }
  return { ask, close: clients.close }
}

/** `security_exception: unable to authenticate`: the client's own message has the type alone. */
function reasonOf({ body, message }: ResponseError): string {
  const error: unknown = isObject(body) ? body['error'] : undefined
  const [type, reason] = isObject(error) ? [error['type'], error['reason']] : []
  const text = typeof type === 'string' && typeof reason === 'string' && reason !== '' ? `${type}: ${reason}` : message
  return text.split('\n', 1)[0] ?? ''
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

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
