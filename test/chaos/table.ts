import { describeFault } from './plan.ts'
import type { SeedReport } from './run-seed.ts'

const SHOWN = 8

/** A few lines for who watches. */
export function describeReport({ seed, plan, findings, counts, seconds, phases, keptIn }: SeedReport): string {
  const groups = Map.groupBy(findings, ({ what, where }) => `${what} in ${where}`)
  return [
    `seed ${seed}: ${findings.length === 0 ? 'clean' : `${findings.length} FINDINGS`}, ${seconds.toFixed(0)} s; ${plan.map(describeFault).join('; ')}`,
    `  ${counts.samples} samples, ${counts.lines} lines, ${counts.messages} messages, ${counts.twice} of them twice, ${counts.repeatedBodies} bodies sent again${counts.ended.length === 0 ? '' : `, ended by themselves: ${counts.ended.join(', ')}`}`,
    `  ${phases}`,
    ...[...groups].flatMap(([name, found]) => [`  ${name}: ${found.length}`, ...found.slice(0, SHOWN).map(({ text }) => `    ${text}`)]),
    ...(keptIn === undefined ? [] : [`  logs: ${keptIn}`]),
  ].join('\n')
}

/** A row for each seed, as docs/reliability.md has it. */
export function tableOf(reports: readonly SeedReport[]): string {
  const rows = reports.map(({ seed, plan, counts, findings, seconds }) => [
    seed,
    plan.map(describeFault).join('; '),
    counts.samples,
    counts.lines,
    counts.messages,
    counts.twice,
    findings.length === 0 ? 'clean' : `${findings.length} findings`,
    `${seconds.toFixed(0)} s`,
  ])
  const lines = [
    ['seed', 'faults', 'samples', 'lines', 'messages', 'of them twice', 'verdict', 'took'],
    Array.from({ length: 8 }, () => '---'),
    ...rows,
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
