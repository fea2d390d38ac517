import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

import { readReport } from './report.ts'

/** What a line at the end of a run may hold of a failure's message. */
const MOST_CHARACTERS = 400

/**
 * What failed in a vitest run, a line each: file, test and the beginning of its message. A run's last lines may be all that
 * someone has of it.
 */
export function failuresOf(report: string, root: string): readonly string[] {
  return (readReport(report)?.testResults ?? []).flatMap(({ name, message, assertionResults }) => {
    const file = relative(root, name)
    const tests = assertionResults.filter(({ status }) => status === 'failed')
    if (assertionResults.length === 0) return [`${file}: ${beginning(message)}`]
    return tests.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${beginning(failureMessages?.[0])}`)
  })
}

const beginning = (message: string | undefined): string => {
  const lines = stripVTControlCharacters(message ?? 'no message').split('\n')
  // The stack begins where a line names a place.
  const stack = lines.findIndex((line) => /^\s+at /.test(line))
  const text = (stack < 0 ? lines : lines.slice(0, stack + 1)).map((line) => line.trim()).join(' ')
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}
