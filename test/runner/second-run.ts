import { add, type Counts, countsOfReport, NONE } from './counts.ts'
import { readReport, type ReportedFile } from './report.ts'

/** More than these failing files are no moment of a busy machine. */
const MOST_FILES = 3

/**
 * Files to run once more, alone, because a test of them failed beside the others; none when there is nothing that a second run
 * could clear up: all passed, too many failed, or what failed is no test.
 */
export function filesToRunAgain(report: string): readonly string[] {
  const failed = (readReport(report)?.testResults ?? []).filter(({ status }) => status === 'failed')
  return failed.length <= MOST_FILES && failed.every(({ assertionResults }) => assertionResults.length > 0)
    ? failed.map(({ name }) => name)
    : []
}

export type SecondRun = {
  readonly counts: Counts
  /** Tests that failed beside others and passed alone, by name: someone should look, although nothing is broken for sure. */
  readonly unsteady: readonly string[]
}

/** What both runs say together: of the files that were run again the second, of the others the first. */
export function countsOfBothRuns(first: string, second: string, secondStatus: number): SecondRun {
  const again = countsOfReport(second, secondStatus)
  const files = readReport(first)?.testResults ?? []
  const names = new Set(filesToRunAgain(first))
  const once = files.filter(({ name }) => !names.has(name)).reduce((sum, file) => add(sum, countsOfFile(file)), NONE)
  const failures = files.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === 'failed'))
  return { counts: add(once, again), unsteady: again.failed > 0 ? [] : failures.map(({ fullName }) => fullName) }
}

const countsOfFile = ({ assertionResults }: ReportedFile): Counts => {
  const passed = assertionResults.filter(({ status }) => status === 'passed').length
  const failed = assertionResults.filter(({ status }) => status === 'failed').length
  return { passed, failed, skipped: assertionResults.length - passed - failed }
}
