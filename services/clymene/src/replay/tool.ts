import { RetryableError } from '@clymene/model'
import { ExitError, flagHelp, runProcess } from '@clymene/runtime'
import { storageFlagSets, storages } from '@clymene/storages'

import type { Tool } from '../cli.ts'
import { configureReplay } from './configure.ts'
import { commandFlags, sourceFlags, VERBS } from './flags.ts'
import { lookAtLetters } from './look.ts'
import { openLetters } from './open-letters.ts'
import { sendAll } from './send.ts'
import { createTerminal, createTextLogger, type Terminal } from './terminal.ts'

const summary = 'lists, shows and sends again what storages refused: the dead letters'

/** `clymene replay`: exit status 1 when letters were refused again or could not be sent, 2 for mistakes in the flags. */
export const replayTool: Tool = {
  name: 'replay',
  summary,
  run: (argv, env) =>
    runProcess(async (stop) => {
      if (argv.includes('--help') || argv.includes('-h') || argv[0] === 'help') process.stdout.write(`${help()}\n`)
      else await replay(argv, env, createTerminal(process), stop)
    }),
}

const help = (): string =>
  [
    `clymene replay: ${summary}`,
    `Usage:\n${Object.entries(VERBS)
      .map(([verb, meaning]) => `  clymene replay ${verb} [flags]\n      ${meaning}`)
      .join('\n')}`,
    flagHelp([{ title: 'Letters', flags: commandFlags }, { title: 'Kafka', flags: sourceFlags }, ...storageFlagSets(storages).groups]),
  ].join('\n\n')

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
