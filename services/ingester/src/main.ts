import { runCommand } from '@clymene/runtime'

import { ingesterCommand } from './command.ts'

void runCommand(ingesterCommand, process.argv.slice(2))
