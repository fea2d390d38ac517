export { runCli, type Commands } from './cli.ts'
export type { Terminal } from './replay/terminal.ts'
export { replay } from './replay/tool.ts'
