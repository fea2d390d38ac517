import { join } from 'node:path'

import { type Counts, countsOfReport, countsOfStatus } from './counts.ts'
import { failuresOf } from './failures.ts'
import { countsOfBothRuns, filesToRunAgain, type SecondRun } from './second-run.ts'

export type Step = {
  readonly name: string
  /** A program of node_modules/.bin, or on the PATH, and its arguments. */
  readonly command: readonly string[]
  readonly counts: (status: number) => Counts
  /** What failed, a line each, when the step can tell. */
  readonly failures: () => readonly string[]
  /** After a failure: how to run what failed once more, alone; undefined when that would clear up nothing. */
  readonly again?: () => { readonly command: readonly string[]; readonly result: (status: number) => SecondRun } | undefined
}

const root = join(import.meta.dirname, '../..')

/** Everything that has to pass, in the order of what is told soonest. Reports of tests are written into `reports`. */
export const stepsWith = (reports: string): readonly Step[] => [
  check('format', ['oxfmt', '--check']),
  check('lint', ['oxlint', '--type-aware', '--deny-warnings']),
  check('types', ['tsc']),
  // The page is for browsers: other libraries, other modules.
  check('page-types', ['tsc', '-p', 'services/all-in-one/page']),
  tests('unit', reports, 'unit*'),
  check('engines', ['node', 'test/engines/install.ts']),
  { ...tests('e2e', reports), again: () => alone('e2e', reports) },
]

const check = (name: string, command: readonly string[]): Step => ({
  name,
  command,
  counts: countsOfStatus,
  failures: () => [],
})

const reportOf = (project: string, reports: string): string => `${reports}/${project}.json`

const vitest = (project: string, report: string): readonly string[] => [
  'vitest',
  'run',
  '--project',
  project,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]

function tests(name: string, reports: string, projects = name): Step {
  const report = reportOf(name, reports)
  return {
    name,
    command: vitest(projects, report),
    counts: (status) => countsOfReport(report, status),
    failures: () => failuresOf(report, root),
  }
}

/**
 * Real engines and services share a machine whose every hesitation a test would have to foresee. A file that fails in that
 * company is run once more by itself: what is broken fails again, and what does not is named at the end.
 */
function alone(project: string, reports: string): ReturnType<NonNullable<Step['again']>> {
  const first = reportOf(project, reports)
  const second = reportOf(`${project}-again`, reports)
  const files = filesToRunAgain(first)
  if (files.length === 0) return undefined
  return {
    command: [...vitest(project, second), '--no-file-parallelism', ...files],
    result: (status) => countsOfBothRuns(first, second, status),
  }
}
