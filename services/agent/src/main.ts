import { runCommand } from '@clymene/runtime'

import { agentCommand } from './command.ts'

void runCommand(agentCommand, process.argv.slice(2))
