import type { Letter } from './letter.ts'

/** Messages kept; a repeat stands near the letter that it repeats, since at most a body is written twice. */
const KEPT = 100_000

type Span = { readonly from: number; readonly to: number }

/**
 * Tells letters that are there twice: who wrote them died between the letter and its commit, and whoever came next refused the same
 * samples or entries of the same message again, perhaps in other pieces.
 */
export function createKnownLetters(kept = KEPT): { readonly isRepeat: (letter: Letter) => boolean } {
  const spans = new Map<string, readonly Span[]>()
  return {
    isRepeat: (letter) => {
      const name = nameOf(letter)
      if (name === undefined) return false
      const before = spans.get(name) ?? []
      const own = spanOf(letter)
      if (before.some(({ from, to }) => from <= own.from && to >= own.to)) return true
      spans.delete(name)
      spans.set(name, joined([...before, own]))
      for (const oldest of spans.keys()) {
        if (spans.size <= kept) break
        spans.delete(oldest)
      }
      return false
    },
  }
}

/** What the letter is of, for one storage. The time tells a topic that was made anew, whose offsets come again. */
function nameOf({ note: { storage, origin }, message: { key, headers } }: Letter): string | undefined {
  if (origin !== undefined) return JSON.stringify([storage, origin.topic, origin.partition, String(origin.offset), origin.timestampMs])
  const { agent, epoch, sequence, position } = headers
  return agent === undefined || sequence === undefined ? undefined : JSON.stringify([storage, key, agent, epoch, sequence, position])
}

/** What was not counted, as nobody could read it, is a letter as a whole. */
function spanOf({ note: { position }, message }: Letter): Span {
  const records = message.headers.records
  return { from: position, to: records === undefined ? Infinity : position + Math.max(records, 1) }
}

function joined(spans: readonly Span[]): readonly Span[] {
  const all: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1)
    if (last !== undefined && span.from <= last.to) all[all.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
    else all.push(span)
  }
  return all
}
