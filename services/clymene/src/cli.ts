import { readVersion, runCommand, type Command, type ExitStatus } from '@clymene/runtime'

/** Verbs that may stand before the service too: `clymene validate agent …`. */
const VERBS = ['status', 'validate', 'help']

/** `clymene <service> [verb] [flags]`. Resolves with the exit status, which is also set. */
export async function runCli(commands: readonly Command[], argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitStatus> {
  const [first, second, ...rest] = argv
  if (first === 'version' || first === '--version') return print(JSON.stringify(readVersion(env)))
  const verb = VERBS.find((one) => one === first)
  const name = verb === undefined ? first : second
  const command = commands.find((one) => one.name === name)
  if (command !== undefined) return runCommand(command, verb === undefined ? argv.slice(1) : [verb, ...rest], env)
  if (name === undefined || first === '--help' || first === '-h') return print(overview(commands))
  process.stderr.write(`${name}: unknown service, expected one of ${commands.map((one) => one.name).join(', ')}\n`)
  process.exitCode = 2
  return 2
}

const overview = (commands: readonly Command[]): string =>
  [
    'clymene: metrics and logs of many Kubernetes clusters, through Kafka, to the stores where people look at them',
    'Usage:\n  clymene <service> [flags]\n  clymene <service> status|validate|version|help\n  clymene version',
    `Services:\n${commands.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`).join('\n')}`,
  ].join('\n\n')

function print(text: string): ExitStatus {
  process.stdout.write(`${text}\n`)
  return 0
}
