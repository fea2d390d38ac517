import type { Dispatcher } from 'undici'

import type { HttpAccess } from './http-access.ts'

export type AuthorizedAnswer = {
  readonly response: Dispatcher.ResponseData
  /** What was added to the headers, for {@link hideSecrets}: a server may quote it. */
  readonly secrets: Readonly<Record<string, string>>
}

/**
 * What an access adds to the headers of a request, its OAuth 2 token too.
 *
 * @throws Error naming the file of a secret that cannot be read, or saying why there is no token.
 */
export async function authorizedHeaders(
  access: Pick<HttpAccess, 'headers' | 'token'>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const headers = access.headers()
  return access.token === undefined ? headers : { ...headers, authorization: await access.token.authorization(signal) }
}

/**
 * Sends a request with the credentials of an access; its own headers win. A token that is not accepted any more is replaced, and the request
 * sent once more: it may not have a body that is gone then.
 *
 * @param send mostly `dispatcher.request` of `openConnections`; called with the headers of the request.
 * @throws what `send` throws; Error naming a file, or saying why there is no token.
 */
export async function authorizedRequest(
  access: Pick<HttpAccess, 'headers' | 'token'>,
  send: (headers: Readonly<Record<string, string>>) => Promise<Dispatcher.ResponseData>,
  signal: AbortSignal,
): Promise<AuthorizedAnswer> {
  const secrets = await authorizedHeaders(access, signal)
  const response = await send(secrets)
  if (response.statusCode !== 401 || access.token?.refused(secrets['authorization'] ?? '') !== true) return { response, secrets }
  await response.body.dump({ limit: 64 * 1024, signal })
  const renewed = await authorizedHeaders(access, signal)
  return { response: await send(renewed), secrets: renewed }
}
