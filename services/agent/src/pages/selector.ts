import { ConfigError, errorMessage, labelValue, type Labels } from '@clymene/model'
import { compileRegex } from '@clymene/regex'

const OPERATORS = ['=', '!=', '=~', '!~'] as const

export type Matcher = { readonly name: string; readonly op: (typeof OPERATORS)[number]; readonly value: string }

const BARE_NAME = /\s*([a-zA-Z_:][\w:]*)\s*/y
const MATCHER =
  /\s*([a-zA-Z_:][\w:.]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(?:(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?\s*(,|(?=\}))/y

/**
 * The series selector of PromQL: `up`, `{job="x",mode!="idle"}`, `up{cpu=~"1|2"}`, `{"a.name",job="x"}`.
 *
 * @throws ConfigError naming where it stops being one.
 */
export function parseSelector(text: string): readonly Matcher[] {
  const matchers: Matcher[] = []
  const wrong = (at: number): ConfigError =>
    new ConfigError(`${JSON.stringify(text.slice(0, 100))}: expected a selector such as up{job="x"}, it stops being one at ${at + 1}`)
  BARE_NAME.lastIndex = 0
  const bare = BARE_NAME.exec(text)
  let at = bare === null ? text.length - text.trimStart().length : BARE_NAME.lastIndex
  if (bare?.[1] !== undefined) matchers.push({ name: '__name__', op: '=', value: bare[1] })
  if (at === text.length && matchers.length > 0) return matchers
  if (text[at] !== '{') throw wrong(at)
  at++
  while (!/^\s*\}/.test(text.slice(at))) {
    MATCHER.lastIndex = at
    const found = MATCHER.exec(text)
    const [, name, operator, value] = found ?? []
    const op = OPERATORS.find((one) => one === operator)
    if (name === undefined || (op === undefined && !/^["']/.test(name))) throw wrong(at)
    // A quoted text alone is the name of the metric.
    if (op === undefined || value === undefined) matchers.push({ name: '__name__', op: '=', value: unquoted(name) })
    else matchers.push(checked({ name: /^["']/.test(name) ? unquoted(name) : name, op, value: unquoted(value) }))
    at = MATCHER.lastIndex
  }
  const end = text.indexOf('}', at)
  if (text.slice(end + 1).trim() !== '') throw wrong(end + 1)
  return matchers
}

/** Whether labels match all of them; a label that is not there reads as ''. */
export function createSelection(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ name, op, value }) => {
    const regex = op.endsWith('~') ? compileRegex(value, { anchored: true }) : undefined
    const wanted = !op.startsWith('!')
    return (labels: Labels): boolean => {
      const found = labelValue(labels, name)
      return (regex === undefined ? found === value : regex.test(found)) === wanted
    }
  })
  return (labels) => tests.every((test) => test(labels))
}

function checked(matcher: Matcher): Matcher {
  try {
    if (matcher.op.endsWith('~')) compileRegex(matcher.value, { anchored: true })
    return matcher
  } catch (error) {
    throw new ConfigError(`${matcher.name}${matcher.op}…: ${errorMessage(error)}`)
  }
}

const unquoted = (text: string): string =>
  text.slice(1, -1).replaceAll(/\\(.)/gs, (_whole, escaped: string) => ({ n: '\n', t: '\t' })[escaped] ?? escaped)
