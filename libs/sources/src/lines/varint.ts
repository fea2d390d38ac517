/** Bytes of a number below 2^32 as a protobuf varint: seven bits a byte, the lowest first. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}

/** Gives the position behind it. */
export function writeVarint(bytes: Buffer, start: number, value: number): number {
  let position = start
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes[position++] = (rest & 0x7f) | 0x80
  bytes[position++] = rest
  return position
}
