import { readVersion, runCommand, type Command, type ExitStatus } from '@clymene/runtime'

/** Verbs that may stand before the service too: `clymene validate agent …`. */
const VERBS = ['status', 'validate', 'help']

/** The service that `clymene status` asks, as the original's does. */
const STATUS_OF = 'agent'

export type Commands = ReadonlyMap<string, () => Promise<Command>>

/** `clymene <service> [verb] [flags]`, or `clymene <verb> <service> [flags]`. Resolves with the exit status, which is also set. */
export async function runCli(commands: Commands, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitStatus> {
  const [first] = argv
  if (first === 'version' || first === '--version') return print(JSON.stringify(readVersion(env)))
  const verb = VERBS.find((one) => one === first)
  const [word, ...rest] = verb === undefined ? argv : argv.slice(1)
  const isHelp = word === undefined ? verb !== 'validate' : ['--help', '-h', 'help'].includes(word)
  if (verb === 'status' && (word === undefined || word.startsWith('-'))) return run(commands, STATUS_OF, argv, env)
  if (isHelp) return print(overview(await Promise.all([...commands.values()].map((load) => load()))))
  if (word !== undefined && commands.has(word)) return run(commands, word, verb === undefined ? rest : [verb, ...rest], env)
  const found = word === undefined ? `${verb}: expected a service, one of` : `${word}: unknown service, expected one of`
  process.stderr.write(`${found} ${[...commands.keys()].join(', ')}\n`)
  process.exitCode = 2
  return 2
}

async function run(commands: Commands, name: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitStatus> {
  const load = commands.get(name)
  if (load === undefined) throw new Error(`no command ${name}`)
  return runCommand(await load(), argv, env)
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
