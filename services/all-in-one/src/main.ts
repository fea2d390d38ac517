import { runCommand } from '@clymene/runtime'

import { allInOneCommand } from './command.ts'

void runCommand(allInOneCommand, process.argv.slice(2))
