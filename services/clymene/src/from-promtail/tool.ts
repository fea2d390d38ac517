import { fromPromtail, type FromPromtailOptions, type HelmValues, helmValues, logConfigMistakes, readConfigText } from '@clymene/agent'
import { ConfigError, type FlagValues } from '@clymene/model'
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
      exit status 1 when the agent would refuse the configuration: its mistakes are told on stderr
  clymene from-promtail promtail.yml --output=helm-values --gateway-hosts=192.0.2.10 > values.yaml
      jobs and all: helm upgrade --install clymene k8s/helm/clymene --values values.yaml`,
    flagHelp([{ title: 'Flags', flags: fromPromtailFlags }]),
  ].join('\n\n')

type Printed = {
  readonly text: string
  /** Mistakes for which the agent does not start with this configuration, below a line that says so. */
  readonly refused: readonly string[]
}

function converted(argv: readonly string[], env: NodeJS.ProcessEnv): Printed {
  const mistakes: string[] = []
  const { values, positionals, given } = parseFlags(fromPromtailFlags, argv, {}, { mistakes })
  const [path] = positionals
  if (path === undefined || positionals.length > 1) mistakes.push('expected one file, the configuration of Promtail')
  for (const name of ['cluster', 'gateway-hosts'])
    if (given.has(name) && values.output !== 'helm-values') mistakes.push(`--${name}: has a meaning with --output=helm-values only`)
  if (path === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  const expanding = values['config.expand-env'] ? { expandFrom: env } : {}
  const config = readConfigText(path)
  const printed = printedFrom({ config, ...expanding }, values)
  const wrong = [...logConfigMistakes({ config, ...expanding }), ...printed.mistakes]
  const counted = wrong.length === 1 ? 'a mistake' : `${wrong.length} mistakes`
  return {
    text: [...printed.notes.map((note) => `# ${note}`), printed.text].join('\n'),
    refused: wrong.length === 0 ? [] : [`the agent does not start with ${path}: it has ${counted}`, ...wrong],
  }
}

function printedFrom(options: FromPromtailOptions, values: FlagValues<typeof fromPromtailFlags>): HelmValues {
  if (values.output === 'helm-values') return helmValues({ ...options, cluster: values.cluster, gatewayHosts: values['gateway-hosts'] })
  const { flags, notes } = fromPromtail(options)
  return { text: (values.output === 'flags' ? commandLine(flags) : flags.map(variable)).join('\n'), notes, mistakes: [] }
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
