import { mappingOf } from '@clymene/model'
import type { Dispatcher } from 'undici'

import { connectionReason } from '../connection-reason.ts'
import { currentTlsOptions } from './client-tls.ts'
import { openConnections } from './connections.ts'
import { hideSecrets } from './hide-secrets.ts'
import { signAssertion } from './jwt-assertion.ts'
import type { OAuth2Options, Token } from './oauth2-token.ts'

const TIMEOUT_MS = 30_000
const MAX_BYTES = 1024 * 1024
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Asks for a token once. A server that does not take the client's name and secret as Basic credentials gets them as parameters, both
 * ways are in use (RFC 6749 §2.3.1).
 *
 * @throws Error naming the address, the answer and what it says, without a secret.
 */
export async function requestToken(options: OAuth2Options, secret: string): Promise<Token> {
  const { tokenUrl, tls, proxy } = options
  const place = `the token endpoint ${tokenUrl.origin}${tokenUrl.pathname}`
  const escaped = formEscaped(secret)
  let hidden: Readonly<Record<string, string>> = { secret, escaped }
  let dispatcher: Dispatcher | undefined
  try {
    dispatcher = openConnections(
      { tls: tls && currentTlsOptions(tls), proxy, http2: false },
      { connectTimeoutMs: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS },
    )
    const forms = formsOf(options, secret)
    for (const [index, { headers, body }] of forms.entries()) {
      hidden = { secret, escaped, ...headers, assertion: body.get('assertion') ?? '' }
      const { status, text } = await post(dispatcher, tokenUrl, headers, body)
      if (status >= 200 && status < 300) return tokenOf(text)
      const mayHaveToDoWithTheWay = status === 400 || status === 401
      if (mayHaveToDoWithTheWay && index < forms.length - 1) continue
      throw new Error(`it answered ${status}${reasonOf(text)}`)
    }
    throw new Error('there is no way to ask it')
  } catch (error) {
    // oxlint-disable-next-line preserve-caught-error -- a cause might hold what is hidden here
    throw new Error(hideSecrets(`${place}: ${connectionReason(error).text}`, hidden))
  } finally {
    void dispatcher?.destroy()
  }
}

type Form = { readonly headers: Readonly<Record<string, string>>; readonly body: URLSearchParams }

function formsOf(options: OAuth2Options, secret: string): readonly Form[] {
  const { clientId, scopes, params, assertion } = options
  const own: readonly (readonly [string, string])[] =
    assertion === undefined
      ? [['grant_type', 'client_credentials']]
      : [
          ['grant_type', JWT_BEARER],
          ['assertion', signAssertion(assertion, secret, Date.now())],
        ]
  const scope = scopes.length === 0 ? [] : [['scope', scopes.join(' ')] as const]
  const all = new Map([...own, ...scope, ...params])
  if (assertion !== undefined) return [{ headers: {}, body: formOf(all) }]
  const pair = `${formEscaped(clientId)}:${formEscaped(secret)}`
  return [
    { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, body: formOf(all) },
    {
      headers: {},
      body: formOf(new Map([...all, ['client_id', clientId], ...(secret === '' ? [] : [['client_secret', secret] as const])])),
    },
  ]
}

const formOf = (params: ReadonlyMap<string, string>): URLSearchParams => new URLSearchParams([...params])
const formEscaped = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

async function post(
  dispatcher: Dispatcher,
  url: URL,
  headers: Readonly<Record<string, string>>,
  form: URLSearchParams,
): Promise<{ readonly status: number; readonly text: string }> {
  const { statusCode, body } = await dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: 'POST',
    headers: { ...headers, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Clymene' },
    body: form.toString(),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const parts: Buffer[] = []
  let length = 0
  // Bodies of undici give Buffers.
  const chunks: AsyncIterable<Buffer> = body
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > MAX_BYTES) throw new Error(`it answered more than ${MAX_BYTES} bytes`)
    parts.push(chunk)
  }
  return { status: statusCode, text: Buffer.concat(parts).toString('utf8') }
}

/** RFC 6749 §5.1. */
function tokenOf(text: string): Token {
  const found = jsonOf(text)
  const token = found?.get('access_token')
  if (typeof token !== 'string' || token === '') throw new Error(`its answer has no access_token${reasonOf(text)}`)
  if (!/^[\u0021-\u007e]+$/.test(token)) throw new Error('its access_token holds what a header cannot carry')
  const type = found?.get('token_type')
  const lifetime = Number(found?.get('expires_in') ?? 0)
  const named = typeof type === 'string' && /^[\w-]+$/.test(type) && type.toLowerCase() !== 'bearer' ? type : 'Bearer'
  return { authorization: `${named} ${token}`, lifetimeMs: lifetime > 0 ? lifetime * 1000 : Infinity }
}

/** RFC 6749 §5.2: what an answer says of the failure. */
function reasonOf(text: string): string {
  const found = jsonOf(text)
  const said = ['error', 'error_description']
    .map((key) => found?.get(key))
    .filter((one) => typeof one === 'string')
    .join(', ')
  return said === '' ? '' : `: ${said.replaceAll(/\s+/g, ' ').slice(0, 200)}`
}

function jsonOf(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    return mappingOf(JSON.parse(text))
  } catch {
    return undefined
  }
}
