import { basename } from 'node:path'

import { runCommand } from '@clymene/runtime'

import { gatewayCommand, promtailGatewayCommand } from './command.ts'

// The image has this program under both names.
const isAlias = basename(process.argv[1] ?? '') === promtailGatewayCommand.name

void runCommand(isAlias ? promtailGatewayCommand : gatewayCommand, process.argv.slice(2))
