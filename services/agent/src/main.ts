import { basename } from 'node:path'

import { runCommand } from '@clymene/runtime'

import { agentCommand, promtailCommand } from './command.ts'

// The image has this program under both names.
const isAlias = basename(process.argv[1] ?? '') === promtailCommand.name

void runCommand(isAlias ? promtailCommand : agentCommand, process.argv.slice(2))
