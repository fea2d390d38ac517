/**
 * The smallest input found that `fails` still holds for: pieces are cut out, halves first, then ever smaller ones, then bytes are made `a`.
 *
 * @param attempts how often `fails` may be asked.
 */
export function minimise(input: Buffer, fails: (input: Buffer) => boolean, attempts = 5000): Buffer {
  let smallest = input
  let left = attempts
  const tries = (candidate: Buffer): boolean => {
    if (left-- <= 0 || !fails(candidate)) return false
    smallest = candidate
    return true
  }
  for (let size = smallest.length >>> 1; size > 0 && left > 0; size = size === 1 ? 0 : Math.max(1, size >>> 1)) {
    for (let at = 0; at < smallest.length && left > 0;) {
      if (!tries(Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]))) at += size
    }
  }
  for (let at = 0; at < smallest.length && left > 0; at++) {
    const plainer = Buffer.from(smallest)
    plainer[at] = 0x61
    if (!plainer.equals(smallest)) tries(plainer)
  }
  return smallest
}
