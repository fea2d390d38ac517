import { describeFault, describePlan } from './plan.ts'
import type { SeedReport } from './run-seed.ts'

const SHOWN = 12

/** A few lines for who watches. */
export function describeReport({ plan, findings, history, counts, seconds, keptIn }: SeedReport): string {
  const { written, arrived, rotations, repeatsOfKills, repeatsOfUnknown, knownRepeats, window, deleted, lostBytesTold } = counts
  return [
    `seed ${plan.seed}: ${findings.length === 0 ? 'clean' : `${findings.length} FINDINGS`}, ${seconds.toFixed(0)} s; ${describePlan(plan)}`,
    `  ${plan.faults.map(describeFault).join('; ')}`,
    `  ${written} lines written, ${arrived} came, ${rotations} rotations, read again after kills ${repeatsOfKills.join(', ') || '-'}, of unknown outcome ${repeatsOfUnknown}, messages sent again ${knownRepeats} lines`,
    `  copytruncate took ${window.lines} lines (${window.bytes} B) in its window; the agent tells ${lostBytesTold} B; ${deleted.lines} were deleted`,
    ...findings.slice(0, SHOWN).map(({ what, lane, from, to, text }) => `  ${what} ${lane} ${from}–${to}: ${text}`),
    ...history.map((line) => `    ${line}`),
    ...(keptIn === undefined ? [] : [`  logs: ${keptIn}`]),
  ].join('\n')
}

/** A row for each seed, as docs/reliability.md has it. */
export function tableOf(reports: readonly SeedReport[]): string {
  const rows = reports.map(({ plan, counts, findings }) => [
    plan.seed,
    `${plan.way}, ${plan.format}, ${plan.files.length} files${plan.links ? ', links' : ''}`,
    plan.faults.map(describeFault).join('; '),
    counts.written,
    counts.rotations,
    counts.repeatsOfKills.join(', ') || '-',
    counts.window.lines,
    findings.length === 0 ? 'clean' : `${findings.length} findings`,
  ])
  const head = ['seed', 'world', 'faults', 'lines', 'rotations', 'read again, by kill', 'lost in the window', 'verdict']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
