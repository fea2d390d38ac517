import { compareLetters, type Letter } from './letter.ts'

export type Numbered = {
  readonly letter: Letter
  /** The storage's letter before it in its partition of the dead-letter topic. */
  readonly previous: Letter['place'] | undefined
}

export type InOrderOptions = {
  /** Those of one storage. */
  readonly isOwn: (letter: Letter) => boolean
  /** Those of them that are to come out. */
  readonly isDue: (letter: Letter) => boolean
  readonly maxBytes?: number
}

/** Bytes of letters that are looked at together. */
const MAX_BYTES = 8 * 1024 * 1024
/** What a letter takes beside its value. */
const OVERHEAD_BYTES = 1024

/**
 * The letters that are due, those of a key in the order of the messages that they are of. They stand in that order on their topic but for the
 * moments in which a partition had two owners, so they are sorted within a few megabytes.
 */
export async function* inOrder(letters: AsyncIterable<Letter>, options: InOrderOptions): AsyncGenerator<Numbered> {
  const { isOwn, isDue, maxBytes = MAX_BYTES } = options
  const last = new Map<number, Letter['place']>()
  let held: Numbered[] = []
  let bytes = 0
  for await (const letter of letters) {
    if (!isOwn(letter)) continue
    const { place, message } = letter
    const previous = last.get(place.partition)
    last.set(place.partition, place)
    if (!isDue(letter)) continue
    held.push({ letter, previous })
    bytes += message.value.length + OVERHEAD_BYTES
    if (bytes < maxBytes) continue
    yield* sorted(held)
    held = []
    bytes = 0
  }
  yield* sorted(held)
}

const sorted = (held: readonly Numbered[]): readonly Numbered[] => held.toSorted((a, b) => compareLetters(a.letter, b.letter))
