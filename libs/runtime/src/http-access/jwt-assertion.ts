import { randomUUID, sign } from 'node:crypto'

import { privateKeyOf } from './pem.ts'

export const SIGNATURE_ALGORITHMS = ['RS256', 'RS384', 'RS512'] as const

export type AssertionOptions = {
  readonly algorithm: (typeof SIGNATURE_ALGORITHMS)[number]
  readonly keyId?: string
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly scopes: readonly string[]
  /** Further claims; they win over ours. */
  readonly claims: ReadonlyMap<string, unknown>
}

/** How long a token may be asked for with an assertion, as in Prometheus. */
const VALID_SECONDS = 600

/**
 * A JSON Web Token that is signed by an RSA key (RFC 7523 §3, RFC 7515 §3.1).
 *
 * @param key PEM without a passphrase. @throws Error that tells nothing of it
 */
export function signAssertion(options: AssertionOptions, key: string, nowMs: number): string {
  const { algorithm, keyId, issuer, subject, audience, scopes, claims } = options
  const privateKey = privateKeyOf(key)
  if (privateKey.asymmetricKeyType !== 'rsa') throw new Error(`expected an RSA key, found ${privateKey.asymmetricKeyType}`)
  const iat = Math.floor(nowMs / 1000)
  const own: readonly (readonly [string, unknown])[] = [
    ['iss', issuer],
    ['sub', subject],
    ['jti', randomUUID()],
    ['aud', audience],
    ['iat', iat],
    ['exp', iat + VALID_SECONDS],
    ...(scopes.length === 0 ? [] : [['scope', scopes.join(' ')] as const]),
  ]
  const header = { alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) }
  const signed = `${encoded(header)}.${encoded(Object.fromEntries([...own, ...claims]))}`
  const signature = sign(`sha${algorithm.slice(2)}`, Buffer.from(signed), privateKey)
  return `${signed}.${signature.toString('base64url')}`
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
