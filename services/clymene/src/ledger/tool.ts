import { joinLedgers } from '@clymene/ledger'
import { ConfigError, KINDS } from '@clymene/model'
import { ExitError, flagHelp, parseFlags, runProcess } from '@clymene/runtime'

import type { Tool } from '../cli.ts'
import { readToken } from '../read-token.ts'
import { askLedgers, type Unreached } from './ask.ts'
import { doubtsOf } from './doubts.ts'
import { ledgerFlags } from './flags.ts'
import { readUrls } from './read-urls.ts'
import { formatLedger, printable } from './table.ts'

const summary = 'asks agents, gateways and ingesters for their books and shows whether everything sent has arrived'

/** `clymene ledger`: exit status 1 when something is missing, expired or does not balance, a service did not answer, or there was no book to look at. */
export const ledgerTool: Tool = {
  name: 'ledger',
  summary,
  run: (argv) => runProcess(async () => (argv.includes('--help') || argv.includes('-h') ? print(help()) : showLedger(argv))),
}

const help = (): string =>
  [
    `clymene ledger: ${summary}`,
    'Usage:\n  clymene ledger [flags]\n      exit status 1 when something is missing or expired, books do not balance, a service did not answer, or there was no book to look at',
    flagHelp([{ title: 'Flags', flags: ledgerFlags }]),
  ].join('\n\n')

async function showLedger(argv: readonly string[]): Promise<void> {
  const mistakes: string[] = []
  const { values, given, positionals } = parseFlags(ledgerFlags, gathered(argv), {}, { mistakes })
  mistakes.push(...positionals.map((word) => `${word}: expected a flag`))
  const urls = readUrls(values.url, mistakes)
  const token = readToken(values['token-file'], mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const { reports, unreached } = await askLedgers({ urls, timeoutMs: values.timeout, token })
  const kind = KINDS.find((one) => one === values.kind)
  const filter = {
    ...(kind === undefined ? {} : { kind }),
    ...(values.cluster === '' ? {} : { cluster: values.cluster }),
    ...(values.storage === '' ? {} : { storage: values.storage }),
  }
  const joined = joinLedgers(reports, filter)
  // Of the default ports only those are meant that somebody listens on.
  const missed = given.has('url') || reports.length === 0 ? unreached : unreached.filter(({ isAbsent }) => !isAbsent)
  const doubts = reports.length === 0 ? [] : doubtsOf(reports, filter)
  if (reports.length > 0 || values.output === 'json') {
    const told = missed.map(({ url, reason }) => ({ url, reason }))
    print(
      values.output === 'json'
        ? JSON.stringify({ ...joined, unreached: told, unknown: doubts }, undefined, 2)
        : formatLedger(joined, { unreached: missed, doubts }),
    )
  }
  const losses = joined.findings.filter(({ level }) => level === 'loss').length
  if (losses > 0 || missed.length > 0 || doubts.length > 0) throw new ExitError(verdict(losses, missed, doubts, reports.length))
}

function verdict(losses: number, missed: readonly Unreached[], doubts: readonly string[], reached: number): string {
  if (reached === 0) return `no service answered: ${missed.map(({ url, reason }) => `${url}: ${reason}`).join('; ')}`
  return [
    ...(losses > 0 ? [`losses: ${losses}`] : []),
    ...(missed.length > 0 ? [`services that did not answer: ${missed.length}`] : []),
    ...doubts.map(printable),
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

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
