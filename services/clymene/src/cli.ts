import { readVersion, runCommand, type Command, type ExitStatus } from '@clymene/runtime'

/** Verbs that may stand before the service too: `clymene validate agent …`. */
const VERBS = ['status', 'validate', 'help']

export type Commands = ReadonlyMap<string, () => Promise<Command>>

/** `clymene <service> [verb] [flags]`. Resolves with the exit status, which is also set. */
export async function runCli(commands: Commands, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitStatus> {
  const [first, second, ...rest] = argv
  if (first === 'version' || first === '--version') return print(JSON.stringify(readVersion(env)))
  const verb = VERBS.find((one) => one === first)
  const name = verb === undefined ? first : second
  const load = commands.get(name ?? '')
  if (load !== undefined) return runCommand(await load(), verb === undefined ? argv.slice(1) : [verb, ...rest], env)
  if (name === undefined || first === '--help' || first === '-h')
    return print(overview(await Promise.all([...commands.values()].map((one) => one()))))
  process.stderr.write(`${name}: unknown service, expected one of ${[...commands.keys()].join(', ')}\n`)
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
