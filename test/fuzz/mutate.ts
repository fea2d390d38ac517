import type { Random } from '../chaos/random.ts'

/**
 * `body` with one to eight changes: bytes flipped, cut out, repeated, put elsewhere, cut off, or replaced by a piece of `words`.
 *
 * @param words pieces that mean something in the format: they come much further than random bytes.
 */
export function mutate(body: Buffer, random: Random, words: readonly string[]): Buffer {
  let changed: Buffer = Buffer.from(body)
  for (let left = random.between(1, random.pick([1, 2, 8])); left > 0; left--) changed = mutateOnce(changed, random, words)
  return changed
}

function mutateOnce(body: Buffer, random: Random, words: readonly string[]): Buffer {
  const at = random.between(0, body.length)
  const length = random.between(1, random.pick([1, 4, 40]))
  const word = (): Buffer => Buffer.from(random.pick(words), 'latin1')
  const splice = (drop: number, piece: Uint8Array): Buffer => Buffer.concat([body.subarray(0, at), piece, body.subarray(at + drop)])
  const changes: (() => Buffer)[] = [
    () => splice(1, Buffer.of(random.between(0, 255))),
    () => splice(1, Buffer.of((body[at] ?? 0) ^ (1 << random.between(0, 7)))),
    () => splice(length, Buffer.alloc(0)),
    () => splice(0, body.subarray(at, at + length)),
    () => splice(0, word()),
    () => splice(0, word()),
    () => splice(random.between(0, 3), word()),
    () => {
      const from = random.between(0, body.length)
      return splice(0, body.subarray(from, from + length))
    },
    () => (random.next() < 0.1 ? body.subarray(0, at) : splice(length, word())),
  ]
  return random.pick(changes)()
}

/** Some neighbouring lines of a text body: a small page shows a difference as well and is read a hundred times as fast. */
export function excerpt(body: Buffer, random: Random, most: number): Buffer {
  let start = body.lastIndexOf(0x0a, random.between(0, body.length)) + 1
  if (start >= body.length) start = 0
  let end = start
  for (let lines = random.between(1, most); lines > 0 && end < body.length; lines--) {
    const next = body.indexOf(0x0a, end)
    end = next < 0 ? body.length : next + 1
  }
  return body.subarray(start, end)
}
