import { joinLedgers } from '@clymene/ledger'
import { ConfigError, errorMessage, KINDS } from '@clymene/model'
import { ExitError, flagHelp, parseFlags, runProcess, secretFile } from '@clymene/runtime'

import type { Tool } from '../cli.ts'
import { askLedgers, type Unreached } from './ask.ts'
import { ledgerFlags } from './flags.ts'
import { formatLedger } from './table.ts'

const summary = 'asks agents, gateways and ingesters for their books and shows whether everything sent has arrived'

/** `clymene ledger`: exit status 1 when something is missing, expired or does not balance, or a service that was named did not answer. */
export const ledgerTool: Tool = {
  name: 'ledger',
  summary,
  run: (argv) => runProcess(async () => (argv.includes('--help') || argv.includes('-h') ? print(help()) : showLedger(argv))),
}

const help = (): string =>
  [
    `clymene ledger: ${summary}`,
    'Usage:\n  clymene ledger [flags]\n      exit status 1 when something is missing or expired, books do not balance, or a named service did not answer',
    flagHelp([{ title: 'Flags', flags: ledgerFlags }]),
  ].join('\n\n')

async function showLedger(argv: readonly string[]): Promise<void> {
  const { values, given, positionals } = parseFlags(ledgerFlags, gathered(argv), {})
  const urls = readUrls(values.url)
  const mistakes = [
    ...positionals.map((word) => `${word}: expected a flag`),
    ...urls.flatMap((url) => (url instanceof URL ? [] : [url])),
    ...(urls.length === 0 ? ['--url: expected at least one address'] : []),
  ]
  const token = readToken(values['token-file'], mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const { reports, unreached } = await askLedgers({ urls: urls.filter((url) => url instanceof URL), timeoutMs: values.timeout, token })
  const kind = KINDS.find((one) => one === values.kind)
  const joined = joinLedgers(reports, {
    ...(kind === undefined ? {} : { kind }),
    ...(values.cluster === '' ? {} : { cluster: values.cluster }),
    ...(values.storage === '' ? {} : { storage: values.storage }),
  })
  // Of the default ports only those are meant that somebody listens on.
  const missed = given.has('url') || reports.length === 0 ? unreached : []
  if (reports.length > 0 || values.output === 'json') {
    print(values.output === 'json' ? JSON.stringify({ ...joined, unreached: missed }, undefined, 2) : formatLedger(joined, missed))
  }
  const losses = joined.findings.filter(({ level }) => level === 'loss').length
  if (losses > 0 || missed.length > 0) throw new ExitError(verdict(losses, missed, reports.length))
}

function verdict(losses: number, missed: readonly Unreached[], reached: number): string {
  if (reached === 0) return `no service answered: ${missed.map(({ url, reason }) => `${url}: ${reason}`).join('; ')}`
  return [
    ...(losses > 0 ? [`losses: ${losses}`] : []),
    ...(missed.length > 0 ? [`services that did not answer: ${missed.length}`] : []),
  ].join('; ')
}

/** A flag that is given several times is one list. */
function gathered(argv: readonly string[]): readonly string[] {
  const urls: string[] = []
  const rest: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    const next = argv[index + 1]
    if (word.startsWith('--url=')) urls.push(word.slice('--url='.length))
    else if (word === '--url' && next !== undefined) {
      urls.push(next)
      index++
    } else rest.push(word)
  }
  return urls.length === 0 ? rest : [`--url=${urls.join(',')}`, ...rest]
}

const readUrls = (texts: readonly string[]): readonly (URL | string)[] =>
  texts.map((text) => {
    const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`)
    return url !== null && url.search === '' && url.hash === ''
      ? url
      : `--url: ${JSON.stringify(text.replace(/\/\/[^/\s]*@/, '//***@'))}: expected host:port or http(s)://host:port, with the path of a proxy where there is one`
  })

function readToken(path: string, mistakes: string[]): string | undefined {
  if (path === '') return undefined
  try {
    return secretFile(path)()
  } catch (error) {
    mistakes.push(`--token-file=${JSON.stringify(path)}: ${errorMessage(error)}`)
    return undefined
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
