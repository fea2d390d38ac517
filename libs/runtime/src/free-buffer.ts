/**
 * What is shorter may be part of memory that others use: of Node's pool, or of what a socket read at once (64 KiB).
 */
const MIN_BYTES = 64 * 1024 + 1

/**
 * Gives the memory of a buffer back at once, without the collector: bytes outside of the heap make V8 collect all of it for each 64 MB of them
 * that came, which took two fifths of the agent's time (docs/performance.md). The buffer is empty from then on, as is every view of it, so only who
 * made it, or was given it for good, may call this. Of buffers that may share their memory nothing is given back.
 */
export function freeBuffer({ buffer, byteOffset, byteLength }: Buffer): void {
  if (byteLength < MIN_BYTES || byteOffset !== 0 || !(buffer instanceof ArrayBuffer)) return
  buffer.transfer(0)
}
