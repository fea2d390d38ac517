import { createSecureContext } from 'node:tls'

import { errorCode } from '@clymene/model'

import { certificatesOf } from './pem.ts'

export type PemFiles = { readonly ca?: Buffer | undefined; readonly cert?: Buffer | undefined; readonly key?: Buffer | undefined }

/**
 * Files that can be read and are no PEM, or a key that belongs to another certificate. `prefix` is that of the flags: `es.tls`.
 * A certificate that expired is none of these: who is shown it says so, and it may be replaced before that.
 */
export function pemMistakes(prefix: string, { ca, cert, key }: PemFiles): readonly string[] {
  const certMistakes = cert === undefined ? [] : attempt(`--${prefix}.cert: expected a PEM certificate`, { cert })
  const keyMistakes = key === undefined ? [] : attempt(`--${prefix}.key: expected a PEM key without a passphrase`, { key })
  const isPair = cert !== undefined && key !== undefined && certMistakes.length + keyMistakes.length === 0
  return [
    ...(ca === undefined || holdsCertificates(ca) ? [] : [`--${prefix}.ca: expected PEM certificates`]),
    ...certMistakes,
    ...keyMistakes,
    ...(isPair ? attempt(`--${prefix}.key: expected the key of --${prefix}.cert`, { cert, key }) : []),
  ]
}

/** OpenSSL passes over what is no certificate and would then trust nobody. */
function holdsCertificates(pem: Buffer): boolean {
  try {
    return certificatesOf(pem.toString('latin1')).length > 0
  } catch {
    return false
  }
}

function attempt(what: string, options: Parameters<typeof createSecureContext>[0]): readonly string[] {
  try {
    createSecureContext(options)
    return []
  } catch (error) {
    return [`${what} (${errorCode(error) || 'unreadable'})`]
  }
}
