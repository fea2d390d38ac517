import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Only on the command line. */
export const fromPromtailFlags = {
  output: flag.oneOf(['flags', 'environment'], 'flags', 'A command line, or variables for an environment file or a manifest'),
  'config.expand-env': flag.bool(false, 'Puts variables into the configuration first, as -config.expand-env of Promtail'),
} satisfies FlagSet
