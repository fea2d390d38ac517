/** Kafka's varints are zigzag-encoded; only values from 0 to 2^30 are written here, so zigzag is doubling. */
export function varintSize(value: number): number {
  let size = 1
  for (let rest = value * 2; rest >= 0x80; rest >>>= 7) size++
  return size
}

/** @returns the position behind what was written. */
export function writeVarint(target: Buffer, value: number, at: number): number {
  let rest = value * 2
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80
  target[at++] = rest
  return at
}
