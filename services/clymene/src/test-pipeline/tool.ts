import { createInterface } from 'node:readline'

import { createInspectText, isColored, readConfigText, readPipeline, runPipeline } from '@clymene/agent'
import { ConfigError, errorMessage, sortedLabels, type FlagValues } from '@clymene/model'
import { ExitError, flagHelp, parseFlags, runProcess } from '@clymene/runtime'
import { parseRfc3339 } from '@clymene/wire'

import type { Tool } from '../cli.ts'
import { createTerminal, type Terminal } from '../replay/terminal.ts'
import { compare } from './compare.ts'
import { ENTRY_TEXTS } from './entries.ts'
import { testFlags } from './flags.ts'

const summary = 'shows what the stages of a log configuration make of lines, and compares it with what is expected'

/** `clymene test`: exit status 1 when something else came out than is expected, 2 for mistakes in the flags and the configuration. */
export const testTool: Tool = {
  name: 'test',
  summary,
  run: (argv, env) =>
    runProcess(async () => {
      if (argv.includes('--help') || argv.includes('-h')) process.stdout.write(`${help()}\n`)
      else await testPipeline(argv, env, { stdin: process.stdin, stderr: process.stderr, terminal: createTerminal(process) })
    }),
}

const help = (): string =>
  [
    `clymene test: ${summary}`,
    `Usage:
  clymene test pipeline.yml [flags] < lines                           a list of stages
  clymene test promtail.yml --job=name [flags] < lines                a job of a whole configuration
  clymene test pipeline.yml --expect=expected.txt < lines             for CI
      exit status 1 when something else came out than is expected, 2 for mistakes in the flags and the configuration;
      a time that no stage set is a dash`,
    flagHelp([{ title: 'Flags', flags: testFlags }]),
  ].join('\n\n')

export type Streams = {
  readonly stdin: NodeJS.ReadableStream
  readonly stderr: { readonly write: (text: string) => unknown; readonly isTTY?: boolean; readonly hasColors?: () => boolean }
  readonly terminal: Pick<Terminal, 'print' | 'tell' | 'gone'>
}

/** @throws ConfigError for mistakes in the flags and the configuration, ExitError when something else came out than is expected */
export async function testPipeline(argv: readonly string[], env: NodeJS.ProcessEnv, { stdin, stderr, terminal }: Streams): Promise<void> {
  const { values, path, nowNs, expected } = readArguments(argv)
  const expanding = values['config.expand-env'] ? { expandFrom: env } : {}
  const { stages, warnings, labels } = readPipeline({ config: readConfigText(path), job: values.job, ...expanding })
  for (const warning of warnings) terminal.tell(`warning: ${warning}`)
  if (labels === undefined && values.labels.length === 0)
    terminal.tell('warning: the labels of the lines are what a running agent discovers: --labels=name=value,… gives them here')
  const dropped = new Map<string, number>()
  const inspecting = { print: (text: string) => void stderr.write(text), colored: isColored(values.color, stderr) }
  const entries = runPipeline(
    {
      stages,
      labels: sortedLabels(new Map([...(labels ?? []), ...values.labels])),
      nowNs,
      dropped: (reason, lines) => void dropped.set(reason, (dropped.get(reason) ?? 0) + lines),
      ...(values.inspect ? { inspect: createInspectText(inspecting) } : {}),
    },
    createInterface({ input: stdin, crlfDelay: Infinity }),
  )
  const textOf = ENTRY_TEXTS[values.output]
  const found: string[] = []
  try {
    for await (const entry of entries) {
      if (expected === undefined) await terminal.print(textOf(entry))
      else found.push(`${textOf(entry)}\n`)
    }
  } catch (error) {
    // Whoever read it has seen enough.
    if (terminal.gone.aborted) return
    throw error
  }
  for (const [reason, lines] of dropped) terminal.tell(`dropped: ${lines} (${reason})`)
  if (expected === undefined) return
  const { missing, more, text } = compare(expected, found.join(''))
  if (missing + more === 0) return
  await terminal.print(text.slice(0, -1))
  const areMissing = missing === 1 ? '1 line is missing' : `${missing} lines are missing`
  throw new ExitError(`--expect=${JSON.stringify(values.expect)}: ${areMissing}, ${more} more than expected`)
}

type Arguments = {
  readonly values: FlagValues<typeof testFlags>
  readonly path: string
  readonly nowNs: bigint
  /** Undefined: nothing is compared. */
  readonly expected: string | undefined
}

function readArguments(argv: readonly string[]): Arguments {
  const mistakes: string[] = []
  const { values, positionals } = parseFlags(testFlags, argv, {}, { mistakes })
  const [path = ''] = positionals
  if (positionals.length !== 1) mistakes.push('expected one file, with stages or a configuration of Promtail')
  const nowNs = values.now === '' ? BigInt(Date.now()) * 1_000_000n : parseRfc3339(values.now)
  if (nowNs === undefined) mistakes.push(`--now=${JSON.stringify(values.now)}: expected a time such as 2024-01-31T12:00:00Z`)
  const expected = values.expect === '' ? undefined : readExpected(values.expect, mistakes)
  if (mistakes.length > 0 || nowNs === undefined) throw new ConfigError(mistakes)
  return { values, path, nowNs, expected }
}

function readExpected(path: string, mistakes: string[]): string {
  try {
    return readConfigText(path, `--expect=${JSON.stringify(path)}`).text
  } catch (error) {
    mistakes.push(errorMessage(error))
    return ''
  }
}
