import { createSecureContext } from 'node:tls'

import { ConfigError, errorCode } from '@clymene/model'

/** User and password of a URL are percent-encoded; a bare % is the usual slip. The URL itself is never quoted: it holds a password. */
export function urlMistakes(name: string, url: URL): readonly string[] {
  try {
    decodeURIComponent(url.username)
    decodeURIComponent(url.password)
    return []
  } catch {
    return [`--${name}: expected a percent-encoded user and password, with %25 for a "%"`]
  }
}

/** A limit of 0 would end every request before its answer. */
export const timeoutMistakes = (name: string, timeoutMs: number): readonly string[] =>
  timeoutMs >= 1 ? [] : [`--${name}: expected at least 1ms, found ${timeoutMs}ms`]

export type PemFiles = { readonly ca?: Buffer | undefined; readonly cert?: Buffer | undefined; readonly key?: Buffer | undefined }

/** Files that can be read and are no PEM, or a key that belongs to another certificate. `prefix` is that of the flags: `es.tls`. */
export function pemMistakes(prefix: string, { ca, cert, key }: PemFiles): readonly string[] {
  const attempt = (what: string, options: Parameters<typeof createSecureContext>[0]): readonly string[] => {
    try {
      createSecureContext(options)
      return []
    } catch (error) {
      return [`${what} (${errorCode(error) || 'unreadable'})`]
    }
  }
  const certMistakes = cert === undefined ? [] : attempt(`--${prefix}.cert: expected a PEM certificate`, { cert })
  const keyMistakes = key === undefined ? [] : attempt(`--${prefix}.key: expected a PEM key without a passphrase`, { key })
  const isPair = cert !== undefined && key !== undefined && certMistakes.length + keyMistakes.length === 0
  return [
    // OpenSSL passes over what is no certificate and would then trust nobody.
    ...(ca === undefined || ca.includes('-----BEGIN ') ? [] : [`--${prefix}.ca: expected PEM certificates`]),
    ...certMistakes,
    ...keyMistakes,
    ...(isPair ? attempt(`--${prefix}.key: expected the key of --${prefix}.cert`, { cert, key }) : []),
  ]
}

/** @throws ConfigError when there is any. */
export function refuse(mistakes: readonly string[]): void {
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

/** The mistakes that `read` throws. */
export function mistakesIn(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}
