/** A line without its end, or one that was longer than allowed and is left out. */
export type Line = Buffer | 'too long'

export type LineCutter = {
  /** The lines that end in this chunk. */
  readonly push: (chunk: Buffer) => readonly Line[]
  /** Bytes of a line that has not ended. */
  readonly rest: () => number
}

/** Cuts a stream into lines; never holds more than `maxBytes` of an unfinished one. */
export function createLineCutter(maxBytes: number): LineCutter {
  let parts: Buffer[] = []
  let length = 0
  let skipping = false

  const keep = (part: Buffer): void => {
    if (skipping) return
    length += part.length
    if (length > maxBytes) {
      skipping = true
      parts = []
    } else parts.push(part)
  }
  const take = (): Line => {
    const line = skipping ? 'too long' : Buffer.concat(parts, length)
    parts = []
    length = 0
    skipping = false
    return line
  }

  return {
    push: (chunk) => {
      const lines: Line[] = []
      let start = 0
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        keep(chunk.subarray(start, end))
        lines.push(take())
        start = end + 1
      }
      if (start < chunk.length) keep(chunk.subarray(start))
      return lines
    },
    rest: () => length,
  }
}
