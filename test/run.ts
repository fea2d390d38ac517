/**
 * `npm test`: every check, one after another. A failed one does not stop the rest and is named again in the last lines;
 * the last line is `N passed, N failed`. `--only=unit,lint` limits it to those.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { add, countsLine, NONE } from './runner/counts.ts'
import { runStep } from './runner/run-step.ts'
import { stepsWith } from './runner/steps.ts'

let interrupted: number | undefined
process.on('SIGINT', () => (interrupted = 130)).on('SIGTERM', () => (interrupted = 143))

const reports = mkdtempSync(join(tmpdir(), 'clymene-test-'))
process.on('exit', () => rmSync(reports, { recursive: true, force: true }))
// Services start from their sources a hundred times: what Node compiled once takes half the CPU time from then on.
process.env['NODE_COMPILE_CACHE'] ??= join(reports, 'compiled')
process.env['TEST_IMAGES'] = join(reports, 'images')

/** Of a step, by name at the end. */
const MOST_FAILURES = 20

const failed: string[] = []
const times: string[] = []
const unsteady: string[] = []
let total = NONE
for (const { name, command, counts, failures, again } of chosenSteps()) {
  let status = await timed(name, command)
  let found = counts(status)
  const second = status === 0 ? undefined : again?.()
  if (second !== undefined) {
    status = await timed(`${name} again`, second.command)
    const both = second.result(status)
    found = both.counts
    unsteady.push(...both.unsteady)
  }
  if (status !== 0 || found.failed > 0) failed.push(`${name} (${command[0]}, status ${status})`, ...failures().slice(0, MOST_FAILURES))
  total = add(total, found)
}

process.stdout.write(`\n${times.join(', ')}\n`)
for (const test of unsteady) process.stdout.write(`UNSTEADY: failed beside other tests, passed alone: ${test}\n`)
for (const failure of failed) process.stdout.write(`FAILED: ${failure}\n`)
process.stdout.write(`${countsLine(total)}\n`)
process.exitCode = failed.length > 0 ? 1 : 0

async function timed(name: string, command: readonly string[]): Promise<number> {
  process.stdout.write(`\n── ${name}: ${command.slice(0, 4).join(' ')}\n`)
  const began = performance.now()
  const status = await runStep(command)
  if (interrupted !== undefined) process.exit(interrupted)
  times.push(`${name} ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return status
}

function chosenSteps() {
  const steps = stepsWith(reports)
  const names = steps.map(({ name }) => name)
  const only = readOnly(names)?.split(',') ?? names
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) misuse(`no step ${unknown.join(', ')}`, names)
  return steps.filter(({ name }) => only.includes(name))
}

function readOnly(names: readonly string[]): string | undefined {
  try {
    return parseArgs({ options: { only: { type: 'string' } } }).values.only
  } catch (error) {
    return misuse(error instanceof Error ? error.message : String(error), names)
  }
}

function misuse(problem: string, names: readonly string[]): never {
  process.stderr.write(`${problem}; --only takes a list of ${names.join(', ')}\n`)
  process.exit(2)
}
