/** Where the last character of `bytes` begins if it is cut off there, else their end. */
export function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (isContinuation(byte)) continue
    return lengthOf(byte) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80

/** Of the character that begins with the byte. */
function lengthOf(byte: number): number {
  if (byte >= 0xc2 && byte <= 0xdf) return 2
  if ((byte & 0xf0) === 0xe0) return 3
  return byte >= 0xf0 && byte <= 0xf4 ? 4 : 1
}
