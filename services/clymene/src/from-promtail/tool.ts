import { fromPromtail, readConfigText } from '@clymene/agent'
import { ConfigError } from '@clymene/model'
import { environmentName, flagHelp, parseFlags, runProcess } from '@clymene/runtime'

import type { Tool } from '../cli.ts'
import { fromPromtailFlags } from './flags.ts'

const summary = 'prints the flags that do what the clients of a configuration of Promtail do'

/** `clymene from-promtail`: exit status 2 when the file cannot be read. */
export const fromPromtailTool: Tool = {
  name: 'from-promtail',
  summary,
  run: (argv, env) => runProcess(async () => print(argv.includes('--help') || argv.includes('-h') ? help() : converted(argv, env))),
}

const help = (): string =>
  [
    `clymene from-promtail: ${summary}`,
    `Usage:
  clymene from-promtail promtail.yml [flags]
  clymene --from-promtail=promtail.yml [flags]
      the configuration itself stays as it is: it is named by --config.file; what has no flag stands before them as a comment`,
    flagHelp([{ title: 'Flags', flags: fromPromtailFlags }]),
  ].join('\n\n')

function converted(argv: readonly string[], env: NodeJS.ProcessEnv): string {
  const mistakes: string[] = []
  const { values, positionals } = parseFlags(fromPromtailFlags, argv, {}, { mistakes })
  const [path] = positionals
  if (path === undefined || positionals.length > 1) mistakes.push('expected one file, the configuration of Promtail')
  if (path === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  const expanding = values['config.expand-env'] ? { expandFrom: env } : {}
  const { flags, notes } = fromPromtail({ config: readConfigText(path), ...expanding })
  const comments = notes.map((note) => `# ${note}`)
  return [...comments, ...(values.output === 'flags' ? commandLine(flags) : flags.map(variable))].join('\n')
}

type Flag = readonly [name: string, value: string]

const commandLine = (flags: readonly Flag[]): readonly string[] =>
  ['clymene promtail', ...flags.map(([name, value]) => `  --${name}=${quoted(value)}`)].map((line, index) =>
    index === flags.length ? line : `${line} \\`,
  )

const variable = ([name, value]: Flag): string => `${environmentName(name)}=${value}`

/** As a shell takes it. */
const quoted = (value: string): string => (/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`)

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
