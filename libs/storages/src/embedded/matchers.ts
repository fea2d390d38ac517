import { labelValue, type Labels } from '@clymene/model'
import { compileRegex } from '@clymene/regex'

/** As in PromQL: a label that is not there has the value ''; a regular expression (RE2) has to match the whole value. */
export type LabelMatcher = { readonly name: string; readonly op: '=' | '!=' | '=~' | '!~'; readonly value: string }

/** The query cannot be answered as it stands: for HTTP this is 400. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
}

/** @throws QueryError naming the matcher whose regular expression is wrong. */
export function compileMatchers(matchers: readonly LabelMatcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(compileMatcher)
  return (labels) => tests.every((test) => test(labels))
}

function compileMatcher({ name, op, value }: LabelMatcher): (labels: Labels) => boolean {
  switch (op) {
    case '=':
      return (labels) => labelValue(labels, name) === value
    case '!=':
      return (labels) => labelValue(labels, name) !== value
    case '=~':
    case '!~': {
      const test = compileAnchored(name, op, value)
      return (labels) => test(labelValue(labels, name)) === (op === '=~')
    }
    default:
      throw new QueryError(`matcher of ${name}: expected =, !=, =~ or !~, found ${String(op)}`)
  }
}

function compileAnchored(name: string, op: string, pattern: string): (text: string) => boolean {
  try {
    const regex = compileRegex(pattern, { anchored: true })
    return (text) => regex.test(text)
  } catch (error) {
    throw new QueryError(`matcher ${name}${op}"${pattern}": ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
