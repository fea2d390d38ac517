/** A duration of Prometheus' configuration, such as `1h30m` or `15s`, to milliseconds; undefined when the text is none. */
export function parsePrometheusDuration(text: string): number | undefined {
  if (text === '0') return 0
  const match = DURATION.exec(text)
  if (match === null || text === '') return undefined
  const milliseconds = UNITS.reduce((sum, [, unitMs], index) => sum + Number(match[index + 1] ?? 0) * unitMs, 0)
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined
}

/** As Prometheus writes it: years and weeks only when they divide the duration. */
export function formatPrometheusDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s'
  let rest = milliseconds
  let text = ''
  for (const [unit, unitMs, exact] of UNITS) {
    if (exact && rest % unitMs !== 0) continue
    const count = Math.floor(rest / unitMs)
    if (count > 0) text += `${count}${unit}`
    rest -= count * unitMs
  }
  return text
}

const DAY_MS = 86_400_000
const UNITS: readonly (readonly [unit: string, ms: number, exact: boolean])[] = [
  ['y', 365 * DAY_MS, true],
  ['w', 7 * DAY_MS, true],
  ['d', DAY_MS, false],
  ['h', 3_600_000, false],
  ['m', 60_000, false],
  ['s', 1000, false],
  ['ms', 1, false],
]
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/
