import { TemplateError } from '../value.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base32 of RFC 4648, filled up to eights. */
export function encodeBase32(text: string): string {
  let out = ''
  let bits = 0
  let value = 0
  for (const byte of Buffer.from(text)) {
    value = ((value << 8) | byte) & 0xff_ff
    for (bits += 8; bits >= 5; bits -= 5) out += ALPHABET[(value >> (bits - 5)) & 31]
  }
  if (bits > 0) out += ALPHABET[(value << (5 - bits)) & 31]
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=')
}

/** @throws TemplateError for what is no base32. */
export function decodeBase32(text: string): string {
  const plain = text.replaceAll(/[\r\n]/g, '')
  if (plain.length % 8 !== 0 || !/^[A-Z2-7]*(?:={1}|={3}|={4}|={6})?$/.test(plain)) throw new TemplateError('b32dec: no base32')
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const letter of plain) {
    if (letter === '=') break
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xff_ff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  return Buffer.from(bytes).toString()
}
