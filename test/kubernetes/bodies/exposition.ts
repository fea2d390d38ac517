export type Labels = Readonly<Record<string, string>>
export type MetricType = 'counter' | 'gauge' | 'histogram'

/** Collects samples and writes them family by family in Prometheus' text format. */
export function createExposition() {
  const families = new Map<string, { type: MetricType; lines: string[] }>()
  return {
    /** A sample; NaN and undefined are left out. `suffix` is for the parts of a histogram. */
    add: (name: string, type: MetricType, labels: Labels, value: number | undefined, suffix = ''): void => {
      if (value === undefined || Number.isNaN(value)) return
      const family = families.get(name) ?? { type, lines: [] }
      families.set(name, family)
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`)
      family.lines.push(`${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`)
    },
    text: (): string =>
      [...families].map(([name, { type, lines }]) => `# HELP ${name} ${name}\n# TYPE ${name} ${type}\n${lines.join('')}`).join(''),
  }
}

export type Exposition = ReturnType<typeof createExposition>

const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
