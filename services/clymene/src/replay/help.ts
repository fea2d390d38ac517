import { flagHelp, type FlagGroup } from '@clymene/runtime'
import { storageFlagSets, storages } from '@clymene/storages'

import { commandFlags, sourceFlags, VERBS } from './flags.ts'

export const SUMMARY = 'lists, shows and sends again what storages refused: the dead letters'

export const replayHelp = (): string =>
  [
    `clymene replay: ${SUMMARY}`,
    `Usage:\n${Object.entries(VERBS)
      .map(([verb, meaning]) => `  clymene replay ${verb} [flags]\n      ${meaning}`)
      .join('\n')}`,
    flagHelp(
      [{ title: 'Letters', flags: commandFlags }, { title: 'Kafka', flags: sourceFlags }, ...storageFlagSets(storages).groups].map(
        effective,
      ),
    ),
  ].join('\n\n')

/** Without the flags that are only accepted. */
const effective = ({ title, flags }: FlagGroup): FlagGroup => ({
  title,
  flags: Object.fromEntries(Object.entries(flags).filter(([, { noEffect }]) => noEffect === undefined)),
})
