import type { LabelMatcher } from '@clymene/storages'

const MATCHER = /^\s*([a-zA-Z_][\w.:]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\["\\n])*)"\s*(?:,|$)/

/**
 * `mode="idle",cpu!~"1|2"`, with or without braces around it. In a value `\\`, `\"` and `\n` stand for backslash, quote and line
 * feed, as in PromQL.
 *
 * @throws Error naming where it stops being one
 */
export function parseMatchers(text: string): readonly LabelMatcher[] {
  const matchers: LabelMatcher[] = []
  let rest = text.trim().replace(/^\{([^]*)\}$/, '$1')
  while (rest.trim() !== '') {
    const match = MATCHER.exec(rest)
    const [whole, name, op, value] = match ?? []
    if (whole === undefined || name === undefined || value === undefined || !isOperator(op)) {
      throw new Error(`expected name="value" (or !=, =~, !~) at ${JSON.stringify(rest.slice(0, 40))}`)
    }
    matchers.push({ name, op, value: unescaped(value) })
    rest = rest.slice(whole.length)
  }
  return matchers
}

const unescaped = (value: string): string => value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))

const isOperator = (text: string | undefined): text is LabelMatcher['op'] => text === '=' || text === '!=' || text === '=~' || text === '!~'
