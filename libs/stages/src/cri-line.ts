import { parseSecond, zoneSeconds } from './rfc3339.ts'

/** What the last read line says. One object is used for all lines. */
export type CriLine = {
  /** Seconds since the epoch. */
  seconds: number
  nanos: number
  stream: 'stdout' | 'stderr'
  /** Tag `P`: the next line of the stream goes on with this one. */
  partial: boolean
  /** Where the content begins; it ends with the line. */
  content: number
}

/**
 * Reads lines of the Container Runtime Interface as bytes, `<RFC 3339 time> <stdout|stderr> <flags> <content>`, without
 * making strings of them: 60 ns a line. False for a line that is not of that form: it is to be taken as it is.
 *
 * A closure, because the second read last is remembered: neighbouring lines mostly share it.
 */
export function createCriReader(line: CriLine): (bytes: Buffer, start: number, end: number) => boolean {
  const second = new Uint8Array(SECOND_LENGTH)
  let seconds = 0

  const sameSecond = (bytes: Buffer, start: number): boolean => {
    // From the end: the last digits are the first to change.
    for (let index = SECOND_LENGTH - 1; index >= 0; index--) if (bytes[start + index] !== second[index]) return false
    return true
  }
  const readSecond = (bytes: Buffer, start: number): boolean => {
    if (sameSecond(bytes, start)) return true
    const parsed = parseSecond(bytes.toString('latin1', start, start + SECOND_LENGTH))
    if (parsed === undefined) return false
    seconds = parsed
    second.set(bytes.subarray(start, start + SECOND_LENGTH))
    return true
  }

  return (bytes, start, end) => {
    // The shortest line: the second, `Z`, ` stdout `, one flag, a space.
    if (end - start < SECOND_LENGTH + 11 || !readSecond(bytes, start)) return false
    let position = start + SECOND_LENGTH
    let nanos = 0
    if (bytes[position] === POINT) {
      const first = ++position
      let unit = 100_000_000
      for (let digit = (bytes[position] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[position] ?? 0) - ZERO) {
        nanos += digit * unit
        unit = unit === 1 ? 0 : unit / 10
        position++
      }
      if (position === first) return false
    }
    line.seconds = seconds
    line.nanos = nanos
    if (bytes[position] === Z) position++
    else {
      const offset = zoneSeconds(bytes.toString('latin1', position, position + ZONE_LENGTH))
      if (offset === undefined) return false
      line.seconds -= offset
      position += ZONE_LENGTH
    }
    return readRest(bytes, position, end, line)
  }
}

/** ` stdout F content`: tags joined by colons up to the next space; the first is P or F. */
function readRest(bytes: Buffer, position: number, end: number, line: CriLine): boolean {
  if (bytes[position] !== SPACE || bytes[position + 1] !== S || bytes[position + 2] !== T || bytes[position + 3] !== D) return false
  // ` stdout` or ` stderr`, told apart by their fifth letter.
  const out = bytes[position + 4] === O && bytes[position + 5] === U && bytes[position + 6] === T
  if (!out && !(bytes[position + 4] === E && bytes[position + 5] === R && bytes[position + 6] === R)) return false
  const flags = position + 8
  if (bytes[flags - 1] !== SPACE || bytes[flags] === SPACE) return false
  let next = flags
  while (next < end && bytes[next] !== SPACE) next++
  if (next >= end) return false
  line.stream = out ? 'stdout' : 'stderr'
  line.partial = bytes[flags] === P && (next === flags + 1 || bytes[flags + 1] === COLON)
  line.content = next + 1
  return true
}

/** `2006-01-02T15:04:05` */
const SECOND_LENGTH = 19
/** `+00:00` */
const ZONE_LENGTH = 6
const ZERO = 0x30
const POINT = 0x2e
const SPACE = 0x20
const COLON = 0x3a
const Z = 0x5a
const P = 0x50
const S = 0x73
const T = 0x74
const D = 0x64
const O = 0x6f
const U = 0x75
const E = 0x65
const R = 0x72
