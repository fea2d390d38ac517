import type { Bench, Reading } from './bench.ts'

/** A row a bench: medians, and in brackets the lowest and highest rate; the most memory of all its runs. */
export function tableOf(rows: readonly { readonly bench: Bench; readonly readings: readonly Reading[] }[]): string {
  const cells = rows.map(({ bench, readings }) => {
    const rates = readings.map(({ count, cpuSeconds }) => count / cpuSeconds / 1e6).toSorted((a, b) => a - b)
    const peak = Math.max(...readings.map(({ peakBytes }) => peakBytes))
    const unit = bench.unit === 'samples' ? 'M samples' : 'MB'
    return [
      bench.name,
      `${inFigures(medianOf(rates))} ${unit}`,
      `${inFigures(rates[0]!)}–${inFigures(rates.at(-1)!)}`,
      `${Math.round(peak / 1e6)} MB`,
    ]
  })
  return tableOfCells(['', 'per CPU-second', 'lowest–highest', 'peak memory'], cells)
}

/** Markdown, the first column to the left, the others to the right. */
export function tableOfCells(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |\n`
  return line(head) + `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|\n` + cells.map(line).join('')
}

/** Three figures are more than a shared machine can promise. */
const inFigures = (value: number): string => String(Number(value.toPrecision(3)))

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
