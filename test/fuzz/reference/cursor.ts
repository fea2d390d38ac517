import { Refused } from './read-page.ts'

/** Walks over a page as a text of one character a byte; patterns are sticky. */
export type Cursor = {
  readonly ended: () => boolean
  /** What `pattern` matches here, and moves behind it; undefined, without moving, when it does not. */
  readonly take: (pattern: RegExp) => string | undefined
  /** The same, but it has to match. @throws Refused */
  readonly expect: (pattern: RegExp, what: string) => string
  readonly startsWith: (text: string) => boolean
}

export function createCursor(page: string): Cursor {
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(page)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  return {
    ended: () => at >= page.length,
    take,
    expect: (pattern, what) => {
      const found = take(pattern)
      if (found === undefined) throw new Refused(`expected ${what} at byte ${at}`)
      return found
    },
    startsWith: (text) => page.startsWith(text, at),
  }
}
