/** Sum of the series of a metric in the text format that carry all of these labels. */
export const sumOf = (text: string, name: string, labels: Readonly<Record<string, string>>): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)

/** A page of the text format, as simple as a test needs it. */
export type Exposed = {
  readonly types: ReadonlyMap<string, string>
  readonly series: readonly { readonly name: string; readonly key: string; readonly value: number }[]
}

export function parseExposed(text: string): Exposed {
  const lines = text.split('\n')
  return {
    types: new Map(
      lines.flatMap((line) =>
        [/^# TYPE (\S+) (\S+)$/.exec(line)].flatMap((match) => (match === null ? [] : [[match[1]!, match[2]!] as const])),
      ),
    ),
    series: lines.flatMap((line) => {
      const [, name, labels = '', value] = /^([^#{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      if (name === undefined) return []
      const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(
        ([, label = '', quoted = '']) => [label, quoted] as const,
      )
      return [{ name, key: seriesKey(name, pairs), value: Number(value) }]
    }),
  }
}

/** `name{a="b",c="d"}`, labels sorted, without empty ones: as a store tells series apart. */
export const seriesKey = (name: string, labels: readonly (readonly [label: string, value: string])[]): string =>
  `${name}{${labels
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${label}="${value}"`)
    .toSorted()
    .join(',')}}`
