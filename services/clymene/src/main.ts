import { agentCommand, promtailCommand } from '@clymene/agent'
import { allInOneCommand } from '@clymene/all-in-one'
import { gatewayCommand, promtailGatewayCommand } from '@clymene/gateway'
import { ingesterCommand, promtailIngesterCommand } from '@clymene/ingester'

import { runCli } from './cli.ts'

void runCli(
  [agentCommand, gatewayCommand, ingesterCommand, allInOneCommand, promtailCommand, promtailGatewayCommand, promtailIngesterCommand],
  process.argv.slice(2),
  process.env,
)
