import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Only on the command line: `JOB` or `LABELS` as a variable would be somebody else's. */
export const testFlags = {
  job: flag.string('', 'Which job of a whole configuration is meant; left out where it has just one'),
  labels: flag.pairs('', 'Labels that the lines come with, name=value,…; they go before those of the static targets of the job'),
  output: flag.oneOf(['lines', 'json'], 'lines', 'time TAB labels TAB line, or an object a line for programs'),
  expect: flag.file('', 'File with the output that is expected: what differs is printed, and the exit status is 1'),
  now: flag.string('', 'Time at which the lines are read, such as 2024-01-31T12:00:00Z; empty is now'),
  inspect: flag.bool(false, 'Shows on stderr what each stage does to each line'),
  color: flag.oneOf(['auto', 'always', 'never'], 'auto', 'Colours of what --inspect shows; auto: on a terminal'),
  'config.expand-env': flag.bool(false, 'Puts variables into the file before it is read, as the agent does with this flag'),
} satisfies FlagSet
