import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/**
 * The certificates of a PEM text, in its order; what is between them is no matter, and one of a long list may be damaged.
 *
 * @throws Error when there is none.
 */
export function certificatesOf(text: string): readonly [X509Certificate, ...X509Certificate[]] {
  const [first, ...rest] = (text.match(CERTIFICATE) ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
  if (first === undefined) throw new Error('expected a certificate as PEM')
  return [first, ...rest]
}

/** @throws Error that tells nothing of the text. */
export function privateKeyOf(text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    // What the parser says is about bytes of a secret, and nobody could ask for a passphrase.
    throw new Error('expected a private key as PEM, without a passphrase')
  }
}
