export { runCli, type Commands } from './cli.ts'
