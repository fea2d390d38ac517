/** The snappy block format, read byte by byte into an array; undefined when the block is damaged or claims more than `maxBytes`. */
export function decompressPlainly(block: Uint8Array, maxBytes: number): Buffer | undefined {
  let at = 0
  const next = (bytes: number): number | undefined => {
    let value = 0
    for (let index = 0; index < bytes; index++) value += (block[at + index] ?? Number.NaN) * 256 ** index
    at += bytes
    return Number.isNaN(value) ? undefined : value
  }
  let length = 0
  for (let shift = 1; ; shift *= 128) {
    const byte = next(1)
    if (byte === undefined || shift > 128 ** 4) return undefined
    length += (byte % 128) * shift
    if (byte < 128) break
  }
  if (length > Math.min(maxBytes, 2 ** 32 - 1)) return undefined
  const output: number[] = []
  while (at < block.length) {
    const tag = next(1) ?? 0
    const kind = tag & 3
    if (kind === 0) {
      const high = tag >>> 2
      const size = (high < 60 ? high : next(high - 59)) ?? Infinity
      if (at + size + 1 > block.length || output.length + size + 1 > length) return undefined
      output.push(...block.subarray(at, at + size + 1))
      at += size + 1
    } else {
      const size = kind === 1 ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2)
      const low = next(kind === 1 ? 1 : kind === 2 ? 2 : 4)
      const offset = low === undefined ? 0 : low + (kind === 1 ? (tag >>> 5) * 256 : 0)
      if (offset === 0 || offset > output.length || output.length + size > length) return undefined
      for (let left = size; left > 0; left--) output.push(output[output.length - offset] ?? 0)
    }
  }
  return output.length === length ? Buffer.from(output) : undefined
}
