import { SERVICES, TOOLS } from './catalog.ts'
import { runCli } from './cli.ts'

void runCli(SERVICES, process.argv.slice(2), process.env, TOOLS)
