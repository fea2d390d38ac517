import { type Counts, countsOfReport, countsOfStatus } from './counts.ts'

export type Step = {
  readonly name: string
  /** A program of node_modules/.bin, or on the PATH, and its arguments. */
  readonly command: readonly string[]
  readonly counts: (status: number) => Counts
}

/** Everything that has to pass, in the order of what is told soonest. Reports of tests are written into `reports`. */
export const stepsWith = (reports: string): readonly Step[] => [
  check('format', ['oxfmt', '--check']),
  check('lint', ['oxlint', '--type-aware', '--deny-warnings']),
  check('types', ['tsc']),
  // The page is for browsers: other libraries, other modules.
  check('page-types', ['tsc', '-p', 'services/all-in-one/page']),
  tests('unit', reports),
  check('engines', ['node', 'test/engines/install.ts']),
  tests('e2e', reports),
]

const check = (name: string, command: readonly string[]): Step => ({ name, command, counts: countsOfStatus })

function tests(project: string, reports: string): Step {
  const file = `${reports}/${project}.json`
  return {
    name: project,
    command: ['vitest', 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    counts: (status) => countsOfReport(file, status),
  }
}
