import { X509Certificate } from 'node:crypto'

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** The certificates of a PEM text, in its order; anything between them is no matter. @throws Error when there is none, or one is damaged */
export function certificatesOf(text: string): readonly X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? []
  if (blocks.length === 0) throw new Error('holds no certificate, expected PEM')
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch (error) {
      throw new Error(`certificate ${index + 1} of ${blocks.length} is damaged`, { cause: error })
    }
  })
}
