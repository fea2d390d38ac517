import { basename } from 'node:path'

import { runCommand } from '@clymene/runtime'

import { ingesterCommand, promtailIngesterCommand } from './command.ts'

// The image has this program under both names.
const isAlias = basename(process.argv[1] ?? '') === promtailIngesterCommand.name

void runCommand(isAlias ? promtailIngesterCommand : ingesterCommand, process.argv.slice(2))
