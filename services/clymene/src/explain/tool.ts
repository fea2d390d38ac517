import { explainConfig, readConfigFile, type Explanations, type ExplainQuery } from '@clymene/agent'
import { ConfigError, type FlagValues } from '@clymene/model'
import { ExitError, flagHelp, parseFlags, runProcess } from '@clymene/runtime'

import type { Tool } from '../cli.ts'
import { readUrls } from '../ledger/read-urls.ts'
import { readToken } from '../read-token.ts'
import { askAgent } from './ask-agent.ts'
import { explainFlags } from './flags.ts'
import { formatExplanations } from './text.ts'

const summary = 'shows every step that a target and its series take, and the rule that drops them'

/** `clymene explain`: exit status 1 when nothing that is asked for is scraped or sent. */
export const explainTool: Tool = {
  name: 'explain',
  summary,
  run: (argv, env) => runProcess(async () => (argv.includes('--help') || argv.includes('-h') ? print(help()) : explainTargets(argv, env))),
}

const help = (): string =>
  [
    `clymene explain: ${summary}`,
    `Usage:
  clymene explain --target=10.0.0.7:9100 [flags]                      asks the running agent
  clymene explain --target=my-pod --series='up{a="b"}' [flags]        with a series as the target exposes it
  clymene explain --config.file=clymene.yml --job=shop [flags]        without an agent
      exit status 1 when nothing that is asked for is scraped or sent`,
    flagHelp([{ title: 'Flags', flags: explainFlags }]),
  ].join('\n\n')

async function explainTargets(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const mistakes: string[] = []
  const { values, given, positionals } = parseFlags(explainFlags, argv, {}, { mistakes })
  mistakes.push(...positionals.map((word) => `${word}: expected a flag`))
  if (values.target === '' && values.job === '') mistakes.push('--target or --job: expected which target is meant')
  const isOffline = values['config.file'] !== ''
  for (const name of isOffline ? ['agent', 'token-file'] : ['cluster', 'streams', 'shards', 'live']) {
    if (given.has(name)) mistakes.push(`--${name} has no meaning ${isOffline ? 'with' : 'without'} --config.file`)
  }
  const [url] = isOffline ? [] : readUrls([values.agent], mistakes, 'agent')
  const token = readToken(values['token-file'], mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const query = { target: values.target, job: values.job, series: values.series }
  const timeoutMs = values.timeout
  const told =
    url === undefined ? await explainFile(values, query, env) : { ...(await askAgent(url, query, { timeoutMs, token })), missing: [] }
  print(values.json ? JSON.stringify(told, undefined, 2) : formatExplanations(told))
  for (const line of told.missing) process.stderr.write(`not known: ${line}\n`)
  if (!told.explanations.some(({ passes }) => passes)) throw new ExitError(told.found === 0 ? 'no such target' : 'nothing of it is sent')
}

type Told = Explanations & { readonly missing: readonly string[] }

const explainFile = (values: FlagValues<typeof explainFlags>, query: ExplainQuery, env: NodeJS.ProcessEnv): Promise<Told> =>
  explainConfig(
    {
      text: readConfigFile('config.file', values['config.file']),
      cluster: values.cluster,
      streams: values.streams,
      shards: values.shards,
      timeoutMs: values.timeout,
      live: values.live,
      env,
    },
    query,
  )

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
