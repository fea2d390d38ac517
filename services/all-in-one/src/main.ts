import { holdHangups, runCommand } from '@clymene/runtime'

// Loading what follows takes most of the start.
holdHangups()
void import('./command.ts').then(({ allInOneCommand }) => runCommand(allInOneCommand, process.argv.slice(2)))
