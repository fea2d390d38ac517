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
}

/** A match that knows where its groups are. */
export type SpannedMatch = Match & {
  /** Where group `g` of {@link Match.groups} begins, `2g`, and ends, `2g + 1`, in UTF-16 units; -1 for one that took no part. */
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
  readonly matchAll: (text: string) => readonly SpannedMatch[]
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
    match: (text) => (test(text) ? { index: 0, groups: grouped ? [text, text] : [text], names: NO_NAMES } : undefined),
    matchAll: (text) => {
      if (!test(text)) return []
      const spans = grouped ? [0, text.length, 0, text.length] : [0, text.length]
      return [{ index: 0, groups: grouped ? [text, text] : [text], names: NO_NAMES, spans }]
    },
  }
}

const NO_NAMES: ReadonlyMap<string, number> = new Map()

/** The same answers without {@link findShortcut}; tests compare the two. */
export function engineRegex(pattern: string, anchored: boolean): Regex {
  // Compiled on its own first: `a)(b` is wrong, though `^(?s:a)(b)$` is not.
  const alone = compileRe2(pattern, pattern)
  const engine = anchored ? compileRe2(`^(?s:${pattern})$`, pattern) : alone
  const names: ReadonlyMap<string, number> = new Map(Object.entries(engine.namedGroups()))
  return {
    pattern,
    names,
    test: (text) => engine.test(text),
    match: (text) => {
      const matcher = engine.matcher(text)
      if (!matcher.find()) return undefined
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? '')
      return { index: matcher.start(), groups, names }
    },
    matchAll: (text) => {
      const matches: SpannedMatch[] = []
      const matcher = engine.matcher(text)
      const count = matcher.groupCount() + 1
      let end = -1
      while (matcher.find()) {
        if (matcher.end() === matcher.start() && matcher.start() === end) continue
        end = matcher.end()
        const groups = Array.from({ length: count }, (_, group) => matcher.group(group) ?? '')
        const spans = Array.from({ length: count * 2 }, (_, at) => (at % 2 === 0 ? matcher.start(at >> 1) : matcher.end(at >> 1)))
        matches.push({ index: matcher.start(), groups, names, spans })
      }
      return matches
    },
  }
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
