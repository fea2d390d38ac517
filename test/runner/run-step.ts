import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const path = [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter)

// Where the system can, a step ends also when this process is killed outright.
const canDieWithParent = spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true']).status === 0

/**
 * Runs a step in the root of the workspace with this process's output, and passes SIGINT and SIGTERM on to it. Its exit
 * status; 128 and the signal's number when a signal ended it, 127 when it could not be started.
 */
export function runStep(command: readonly string[]): Promise<number> {
  const [program = '', ...args] = canDieWithParent ? ['setpriv', '--pdeathsig', 'TERM', ...command] : command
  const child = spawn(program, args, { cwd: root, env: { ...process.env, PATH: path }, stdio: ['ignore', 'inherit', 'inherit'] })
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', pass).on('SIGTERM', pass)
  return new Promise<number>((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${command[0]} could not be started: ${error.message}\n`)
      resolve(127)
    })
    child.once('exit', (status, signal) => resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  }).finally(() => process.off('SIGINT', pass).off('SIGTERM', pass))
}
