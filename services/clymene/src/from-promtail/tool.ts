import { fromPromtail, logConfigMistakes, readConfigText } from '@clymene/agent'
import { ConfigError } from '@clymene/model'
import { environmentName, ExitError, flagHelp, parseFlags, runProcess } from '@clymene/runtime'

import type { Tool } from '../cli.ts'
import { fromPromtailFlags } from './flags.ts'

const summary = 'prints the flags that do what the clients of a configuration of Promtail do'

/** `clymene from-promtail`: exit status 1 when the agent would refuse the configuration, 2 when it cannot be read. */
export const fromPromtailTool: Tool = {
  name: 'from-promtail',
  summary,
  run: (argv, env) =>
    runProcess(async () => {
      if (argv.includes('--help') || argv.includes('-h')) return print(help())
      const { text, refused } = converted(argv, env)
      print(text)
      if (refused.length > 0) throw new ExitError(refused.join('\n'))
    }),
}

const help = (): string =>
  [
    `clymene from-promtail: ${summary}`,
    `Usage:
  clymene from-promtail promtail.yml [flags]
  clymene --from-promtail=promtail.yml [flags]
      the configuration itself stays as it is: it is named by --config.file; what has no flag stands before them as a comment;
      exit status 1 when the agent would refuse the configuration: its mistakes are told on stderr`,
    flagHelp([{ title: 'Flags', flags: fromPromtailFlags }]),
  ].join('\n\n')

type Printed = {
  readonly text: string
  /** Mistakes for which the agent does not start with this configuration, below a line that says so. */
  readonly refused: readonly string[]
}

function converted(argv: readonly string[], env: NodeJS.ProcessEnv): Printed {
  const mistakes: string[] = []
  const { values, positionals } = parseFlags(fromPromtailFlags, argv, {}, { mistakes })
  const [path] = positionals
  if (path === undefined || positionals.length > 1) mistakes.push('expected one file, the configuration of Promtail')
  if (path === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  const expanding = values['config.expand-env'] ? { expandFrom: env } : {}
  const config = readConfigText(path)
  const { flags, notes } = fromPromtail({ config, ...expanding })
  const wrong = logConfigMistakes({ config, ...expanding })
  const counted = wrong.length === 1 ? 'a mistake' : `${wrong.length} mistakes`
  const comments = notes.map((note) => `# ${note}`)
  return {
    text: [...comments, ...(values.output === 'flags' ? commandLine(flags) : flags.map(variable))].join('\n'),
    refused: wrong.length === 0 ? [] : [`the agent does not start with ${path}: it has ${counted}`, ...wrong],
  }
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
