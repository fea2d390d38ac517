import { readVersion, runCommand, type Command, type ExitStatus } from '@clymene/runtime'

/** Verbs that may stand before the service too: `clymene validate agent …`. */
const VERBS = ['status', 'validate', 'help']

/** The service that `clymene status` asks, as the original's does. */
const STATUS_OF = 'agent'

/** The tool that is also written as a flag: `clymene --from-promtail=promtail.yml`. */
const FROM_PROMTAIL = 'from-promtail'

export type Commands = ReadonlyMap<string, () => Promise<Command>>

/** What is no service: it looks at something or mends it, and ends. */
export type Tool = {
  readonly name: string
  /** One line for the list. */
  readonly summary: string
  /** Takes the words after its name; resolves with the exit status, which is also set. */
  readonly run: (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<ExitStatus>
}

export type Tools = ReadonlyMap<string, () => Promise<Tool>>

/**
 * `clymene <service> [verb] [flags]`, `clymene <verb> <service> [flags]` or `clymene <tool> …`. Resolves with the exit status, which is
 * also set.
 */
export async function runCli(
  commands: Commands,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  tools: Tools = new Map(),
): Promise<ExitStatus> {
  const [first] = argv
  if (first === 'version' || first === '--version') return print(JSON.stringify(readVersion(env)))
  const converting = /^--from-promtail(?:=(?<file>.+))?$/.exec(first ?? '')
  if (converting !== null && tools.has(FROM_PROMTAIL)) {
    const { file } = converting.groups ?? {}
    return runCli(commands, [FROM_PROMTAIL, ...(file === undefined ? [] : [file]), ...argv.slice(1)], env, tools)
  }
  const tool = tools.get((first === 'help' ? argv[1] : first) ?? '')
  if (tool !== undefined) return (await tool()).run(first === 'help' ? ['--help'] : argv.slice(1), env)
  const verb = VERBS.find((one) => one === first)
  const [word, ...rest] = verb === undefined ? argv : argv.slice(1)
  const isHelp = word === undefined ? verb !== 'validate' : ['--help', '-h', 'help'].includes(word)
  if (verb === 'status' && (word === undefined || word.startsWith('-'))) return run(commands, STATUS_OF, argv, env)
  if (isHelp) return print(overview(await loaded(commands), await loaded(tools)))
  if (word !== undefined && commands.has(word)) return run(commands, word, verb === undefined ? rest : [verb, ...rest], env)
  const found = word === undefined ? `${verb}: expected a service, one of` : `${word}: unknown service, expected one of`
  const names = verb === undefined ? [...commands.keys(), ...tools.keys()] : [...commands.keys()]
  process.stderr.write(`${found} ${names.join(', ')}\n`)
  process.exitCode = 2
  return 2
}

async function run(commands: Commands, name: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitStatus> {
  const load = commands.get(name)
  if (load === undefined) throw new Error(`no command ${name}`)
  return runCommand(await load(), argv, env)
}

const loaded = <T>(each: ReadonlyMap<string, () => Promise<T>>): Promise<readonly T[]> =>
  Promise.all([...each.values()].map((load) => load()))

type Listed = { readonly name: string; readonly summary: string }

const overview = (commands: readonly Listed[], tools: readonly Listed[]): string =>
  [
    'clymene: metrics and logs of many Kubernetes clusters, through Kafka, to the stores where people look at them',
    `Usage:\n  clymene <service> [flags]\n  clymene <service> status|validate|version|help\n${tools.length === 0 ? '' : '  clymene <tool> [verb] [flags]\n'}  clymene version`,
    `Services:\n${listOf(commands)}`,
    ...(tools.length === 0 ? [] : [`Tools:\n${listOf(tools)}`]),
  ].join('\n\n')

const listOf = (each: readonly Listed[]): string => each.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`).join('\n')

function print(text: string): ExitStatus {
  process.stdout.write(`${text}\n`)
  return 0
}
