/**
 * NULs at `position`, the beginning of a line, that are passed over: a file that was cut before a writer that does not append begins with a hole
 * as long as it was. At the end of what is there bytes may be set aside that will be written: up to `piece` of them wait.
 */
export function holeAt(bytes: Buffer, position: number, piece: number): number {
  let end = position
  while (bytes[end] === 0) end++
  const length = end - position
  return end === bytes.length ? length - (length % piece) : length
}
