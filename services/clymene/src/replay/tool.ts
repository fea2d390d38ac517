import { RetryableError } from '@clymene/model'
import { ExitError, runProcess } from '@clymene/runtime'

import type { Tool } from '../cli.ts'
import { configureReplay } from './configure.ts'
import { replayHelp, SUMMARY } from './help.ts'
import { lookAtLetters } from './look.ts'
import { openLetters } from './open-letters.ts'
import { sendAll } from './send.ts'
import { createTerminal, createTextLogger, type Terminal } from './terminal.ts'

/** `clymene replay`: exit status 1 when letters were refused again or could not be sent, 2 for mistakes in the flags. */
export const replayTool: Tool = {
  name: 'replay',
  summary: SUMMARY,
  run: (argv, env) =>
    runProcess(async (stop) => {
      if (argv.includes('--help') || argv.includes('-h') || argv[0] === 'help') process.stdout.write(`${replayHelp()}\n`)
      else await replay(argv, env, createTerminal(process), stop)
    }),
}

/** @throws ConfigError for mistakes in the flags, ExitError with what is to be said when it did not do all of it. */
export async function replay(argv: readonly string[], env: NodeJS.ProcessEnv, terminal: Terminal, stop: AbortSignal): Promise<void> {
  const config = configureReplay(argv, env)
  const logger = createTextLogger(terminal)
  for (const warning of config.warnings) terminal.tell(`warning: ${warning}`)
  const ending = AbortSignal.any([stop, terminal.gone])
  const opened = await openLetters(config, logger)
  try {
    if (config.verb === 'send') await sendAll(config, opened, { terminal, logger }, ending)
    else await lookAtLetters(config, opened, terminal, ending)
  } catch (error) {
    // Whoever stops it has seen enough.
    if (ending.aborted) return
    throw error instanceof RetryableError ? new ExitError(`dead letters cannot be read: ${error.message}`) : error
  } finally {
    await opened.close()
  }
}
