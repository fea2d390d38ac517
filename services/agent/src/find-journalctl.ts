import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import type { LogConfig } from './config/log-config.ts'

/** What is wrong when a job reads the journal and the program for it is not there; nothing otherwise. */
export function journalctlMistakes(
  configs: readonly Pick<LogConfig, 'journalJobs'>[],
  program: string,
  env: NodeJS.ProcessEnv,
): readonly string[] {
  const jobs = configs.flatMap(({ journalJobs }) => journalJobs)
  if (jobs.length === 0 || isThere(program, env)) return []
  const names = jobs.map(({ name }) => JSON.stringify(name)).join(', ')
  const where = program.includes('/') ? 'there is no such program' : `no folder of PATH has it (${env['PATH'] ?? ''})`
  return [`--logs.journalctl=${JSON.stringify(program)}: ${where}; journal jobs (${names}) read the journal through journalctl of systemd`]
}

const isThere = (program: string, env: NodeJS.ProcessEnv): boolean =>
  program.includes('/')
    ? isProgram(program)
    : (env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && isProgram(join(folder, program)))

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
