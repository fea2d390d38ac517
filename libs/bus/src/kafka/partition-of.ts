/**
 * The partition of a key as Kafka's own Java producer picks it: murmur2 of the key's bytes, sign bit cleared, modulo the
 * number of partitions. So every producer agrees where the messages of one key stand.
 */
export const partitionOf = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fff_ffff) % partitions

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Signed 32-bit murmur2 with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2). */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  let hash = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, M)
    word ^= word >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(word, M)
  }
  if (at < length) {
    for (let index = length - 1; index >= at; index--) hash ^= bytes[index]! << (8 * (index - at))
    hash = Math.imul(hash, M)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ (hash >>> 15)
}
