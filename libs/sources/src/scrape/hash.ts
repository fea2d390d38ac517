/** FNV-1a of a text's UTF-8 bytes, 64 bits: the same on every machine and in every run. */
export function hash64(text: string): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}
