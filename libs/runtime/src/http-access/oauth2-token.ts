import type { ClientTls } from './client-tls.ts'
import type { AssertionOptions } from './jwt-assertion.ts'
import { requestToken } from './oauth2-request.ts'
import type { ProxyRoute } from './proxy-route.ts'
import type { Secret } from './secret.ts'

/** How a token is asked for; RFC 6749 §4.4 by a secret, RFC 7523 §2.1 by a key. */
export type OAuth2Options = {
  readonly clientId: string
  readonly tokenUrl: URL
  readonly scopes: readonly string[]
  /** Further parameters of the request for a token. */
  readonly params: ReadonlyMap<string, string>
  /** Of the client, or its key in PEM. */
  readonly secret: Secret
  /** Present when the secret is a key that signs. */
  readonly assertion?: AssertionOptions
  readonly tls?: ClientTls
  readonly proxy?: ProxyRoute
}

export type TokenSource = {
  /**
   * The value of the header Authorization. One request for a token is under way at a time, whoever waits for it.
   *
   * @throws Error naming the token's address, the answer and what it says, never a secret; the signal's reason when it is aborted.
   */
  readonly authorization: (signal: AbortSignal) => Promise<string>
  /** A server has answered 401 to this value: it is not used again. Says whether asking for another one makes sense. */
  readonly refused: (authorization: string) => boolean
}

export type Token = {
  readonly authorization: string
  /** Infinite when the server does not say. */
  readonly lifetimeMs: number
}

/** A token is replaced so long before it expires: the request that carries it is on its way. */
const EARLY_MS = 10_000
/** Who asks again sooner after a failure gets the same error: a thousand targets are not a thousand requests. */
const FAILED_MS = 1000
/** A server that answers 401 to every token is not asked for a new one more often. */
const REFUSED_MS = 10_000

/** Nothing is asked for before the first request. A file of the secret that changes gives a new token. */
export function createTokenSource(options: OAuth2Options, now: () => number = () => performance.now()): TokenSource {
  type Asked = { readonly secret: string; readonly token: Promise<Token>; untilMs: number }
  let asked: Asked | undefined
  let latest: { readonly authorization: string; readonly atMs: number } | undefined

  function ask(secret: string): Asked {
    const one: Asked = { secret, token: requestToken(options, secret), untilMs: Infinity }
    one.token.then(
      ({ authorization, lifetimeMs }) => {
        latest = { authorization, atMs: now() }
        one.untilMs = now() + lifetimeMs - Math.min(EARLY_MS, lifetimeMs / 2)
      },
      () => (one.untilMs = now() + FAILED_MS),
    )
    return one
  }

  return {
    authorization: async (signal) => {
      const secret = options.secret()
      if (asked === undefined || asked.secret !== secret || now() >= asked.untilMs) asked = ask(secret)
      return (await unlessAborted(asked.token, signal)).authorization
    },
    refused: (authorization) => {
      // Another request has seen to it already.
      if (latest?.authorization !== authorization) return true
      if (now() - latest.atMs < REFUSED_MS) return false
      asked = undefined
      latest = undefined
      return true
    },
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
