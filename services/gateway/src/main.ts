import { runCommand } from '@clymene/runtime'

import { gatewayCommand } from './command.ts'

void runCommand(gatewayCommand, process.argv.slice(2))
