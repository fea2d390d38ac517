import { readReport } from './report.ts'

export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number }

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 }

export const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** The line that ends a run: `N passed, N failed`, and `, N skipped` when there are such. */
export const countsLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/** What a step without tests of its own counts as: nothing when it passed. */
export const countsOfStatus = (status: number): Counts => (status === 0 ? NONE : { ...NONE, failed: 1 })

/**
 * The counts of a vitest run, from the file of its JSON reporter. A test file that could not be loaded counts as one
 * failed, and so does a run that failed for another reason than a test: an unhandled rejection, a hook, no report at all.
 */
export function countsOfReport(file: string, status: number): Counts {
  const report = readReport(file)
  if (report === undefined) return countsOfStatus(status === 0 ? 1 : status)
  const unloaded = report.testResults.filter((result) => result.status === 'failed' && result.assertionResults.length === 0).length
  const failed = report.numFailedTests + unloaded
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}
