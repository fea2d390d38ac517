import { ConfigError, errorMessage, type FlagSet } from '@clymene/model'
import { request } from 'undici'

import { flagHelp, type FlagGroup } from './flag-help.ts'
import { flag, formatAddress } from './flag.ts'
import { environmentName, parseFlags } from './parse-flags.ts'
import { ExitError, runProcess, type ExitStatus } from './process.ts'
import { readVersion } from './version.ts'

/** A service as the command line knows it. */
export type Command = {
  /** `gateway`, or `promtail-gateway` for its alias. */
  readonly name: string
  /** One line for the list of services. */
  readonly summary: string
  /** Every flag it may take, for --help. */
  readonly groups: readonly FlagGroup[]
  /** Where `status` asks when no flag says otherwise. */
  readonly statusAddress: string
  /** Reads flags, variables and the files they name; starts nothing. @throws ConfigError with every mistake */
  readonly configure: (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<ConfiguredCommand>
}

export type ConfiguredCommand = {
  /** What is accepted and does nothing, a line each. */
  readonly warnings: readonly string[]
  /** What is configured, a line each, for `validate`. */
  readonly summary?: () => Promise<readonly string[]>
  /** Runs until the signal aborts, then drains. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

/** `status` looks at an admin port; the original's flag. */
const statusFlags = (fallback: string) =>
  ({ 'status.http.host-port': flag.address(fallback, 'Admin address that `status` asks') }) satisfies FlagSet

const VERBS = {
  version: 'prints the version',
  status: 'asks the admin port of a running service; exit status 1 unless it is ready',
  validate: 'checks flags and files, starts nothing',
} as const

export const COMMAND_VERBS: readonly string[] = [...Object.keys(VERBS), 'help']

/** Runs `command` with the words after its name. Resolves with the exit status, which is also set. */
export async function runCommand(command: Command, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<ExitStatus> {
  return runProcess(async (stop) => {
    const verb = argv[0]?.startsWith('-') === false ? argv[0] : undefined
    const rest = verb === undefined ? argv : argv.slice(1)
    if (argv.includes('--help') || argv.includes('-h') || verb === 'help') return print(helpOf(command))
    if (verb === 'version') return print(JSON.stringify(readVersion(env)))
    if (verb === 'status') return printStatus(command, rest, env)
    const configured = await command.configure(rest, env)
    if (verb === 'validate') return print((await validated(command, configured)).join('\n'))
    if (verb !== undefined)
      throw new ConfigError(`${verb}: unknown command of ${command.name}, expected a flag or one of ${COMMAND_VERBS.join(', ')}`)
    return configured.run(stop)
  })
}

export function helpOf({ name, summary, groups, statusAddress }: Command): string {
  const verbs = Object.entries(VERBS).map(([verb, meaning]) => `  clymene ${name} ${verb}\n      ${meaning}`)
  return [
    `clymene ${name}: ${summary}`,
    `Usage:\n  clymene ${name} [flags]\n${verbs.join('\n')}`,
    `Every flag is also an environment variable: --log-level is ${environmentName('log-level')}. The command line wins.`,
    flagHelp([...groups, { title: 'Of status', flags: statusFlags(statusAddress) }]),
  ].join('\n\n')
}

const validated = async ({ name }: Command, { warnings, summary }: ConfiguredCommand): Promise<readonly string[]> => [
  ...warnings.map((warning) => `warning: ${warning}`),
  ...((await summary?.()) ?? []),
  `${name}: configuration is valid`,
]

async function printStatus({ statusAddress }: Command, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values } = parseFlags(statusFlags(statusAddress), argv, env)
  const { host, port } = values['status.http.host-port']
  const address = formatAddress({ host: host === '' ? '127.0.0.1' : host, port })
  const { statusCode, text } = await ask(`http://${address}/`)
  print(text)
  if (statusCode === 200) return
  const { text: reasons } = await ask(`http://${address}/readyz`)
  throw new ExitError(`not ready: ${reasons.trim().replaceAll('\n', '; ')}`)
}

async function ask(url: string): Promise<{ statusCode: number; text: string }> {
  try {
    const { statusCode, body } = await request(url, { headersTimeout: 5000, bodyTimeout: 5000 })
    return { statusCode, text: await body.text() }
  } catch (error) {
    throw new ExitError(`${url}: ${errorMessage(error)}`)
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
