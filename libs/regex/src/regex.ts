import { RE2JS, RE2JSSyntaxException } from 're2js'

import { RegexError } from './error.ts'
import { findShortcut } from './shortcut.ts'

export type RegexOptions = {
  /** The pattern must match the whole text and `.` matches a line feed: `^(?s:…)$`, as in Prometheus 3. Default false. */
  readonly anchored?: boolean
}

export type Match = {
  /** Where the match begins, in UTF-16 units. */
  readonly index: number
  /** The whole match, then every group; '' for a group that took no part, as Go has it. */
  readonly groups: readonly string[]
  /** Which of `groups` a named group is. */
  readonly names: ReadonlyMap<string, number>
  /** Where group `g` begins, `2g`, and ends, `2g + 1`, in UTF-16 units; -1 for one that took no part. */
  readonly spans: readonly number[]
}

export type Regex = {
  readonly pattern: string
  /** Names of `(?P<name>…)` and `(?<name>…)` and their index in {@link Match.groups}. */
  readonly names: ReadonlyMap<string, number>
  readonly test: (text: string) => boolean
  /** The leftmost match; undefined when there is none. */
  readonly match: (text: string) => Match | undefined
  /** Every match from the left, as Go finds them: an empty one right behind another is none. */
  readonly matchAll: (text: string) => readonly Match[]
}

/**
 * Compiles RE2 syntax. Matching takes time linear in the text, whatever the pattern, so patterns may come from users.
 *
 * @throws RegexError for a pattern that RE2 refuses, look-around and back-references among them.
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function compileRegex(pattern: string, options: RegexOptions = {}): Regex {
  const anchored = options.anchored ?? false
  const shortcut = anchored ? findShortcut(pattern) : undefined
  if (shortcut === undefined) return engineRegex(pattern, anchored)
  const { test, grouped } = shortcut
  return {
    pattern,
    names: NO_NAMES,
    test,
    match: (text) => (test(text) ? wholeOf(text, grouped) : undefined),
    matchAll: (text) => (test(text) ? [wholeOf(text, grouped)] : []),
  }
}

const wholeOf = (text: string, grouped: boolean): Match => ({
  index: 0,
  groups: grouped ? [text, text] : [text],
  names: NO_NAMES,
  spans: grouped ? [0, text.length, 0, text.length] : [0, text.length],
})

const NO_NAMES: ReadonlyMap<string, number> = new Map()

/** The same answers without {@link findShortcut}; tests compare the two. */
export function engineRegex(pattern: string, anchored: boolean): Regex {
  // Compiled on its own first: `a)(b` is wrong, though `^(?s:a)(b)$` is not.
  const alone = compileRe2(pattern, pattern)
  const engine = anchored ? compileRe2(`^(?s:${pattern})$`, pattern) : alone
  const re2 = engine.re2()
  // Whether there is a match is known in a quarter of the time that finding out where there is none takes (3 µs against 12, a line of
  // 170 characters): worth asking first while texts do not match.
  let missed = false
  const names: ReadonlyMap<string, number> = new Map(Object.entries(engine.namedGroups()))
  return {
    pattern,
    names,
    test: (text) => engine.test(text),
    // One pass for the match and its groups: half the time of asking a matcher for one after the other.
    match: (text) => {
      if (missed && !engine.test(text)) return undefined
      const spans: readonly number[] | null = re2.findSubmatchIndex(text)
      missed = spans === null
      return spans === null ? undefined : toMatch(text, spans, names)
    },
    matchAll: (text) => {
      if (missed && !engine.test(text)) return []
      const all: readonly (readonly number[])[] | null = re2.findAllSubmatchIndex(text, -1)
      missed = (all ?? []).length === 0
      return (all ?? []).map((spans) => toMatch(text, spans, names))
    },
  }
}

function toMatch(text: string, spans: readonly number[], names: ReadonlyMap<string, number>): Match {
  const groups: string[] = []
  for (let at = 0; at < spans.length; at += 2) {
    const start = spans[at] ?? -1
    groups.push(start === -1 ? '' : text.slice(start, spans[at + 1]))
  }
  return { index: spans[0] ?? 0, groups, names, spans }
}

function compileRe2(source: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    const fragment = error.getPattern()
    // The engine names the wrong part, not its place: its first occurrence is close enough to find it by eye.
    const found = fragment === null ? pattern.length : pattern.indexOf(fragment)
    throw new RegexError(pattern, describe(error.getDescription(), fragment), Math.max(found, 0))
  }
}

function describe(reason: string, fragment: string | null): string {
  return fragment === null ? reason : `${reason} (${JSON.stringify(fragment)})`
}
