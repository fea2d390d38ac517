/** What is wrong with `010`, which is 8 to the YAML of Prometheus (1.1) and 10 to that of today (1.2), and what to write; else undefined. */
export function leadingZero(text: string): string | undefined {
  const digits = /^[-+]?0+(\d+)$/.exec(text)?.[1]
  if (digits === undefined) return undefined
  const octal = /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
  return `YAML reads a leading zero in two ways: write ${[...new Set([octal, Number(digits)])].join(' or ')}`
}
