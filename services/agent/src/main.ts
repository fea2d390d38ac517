import { basename } from 'node:path'

import { holdHangups, runCommand } from '@clymene/runtime'

// Loading what follows takes most of the start.
holdHangups()
void import('./command.ts').then(({ agentCommand, promtailCommand }) => {
  // The image has this program under both names.
  const isAlias = basename(process.argv[1] ?? '') === promtailCommand.name
  return runCommand(isAlias ? promtailCommand : agentCommand, process.argv.slice(2))
})
