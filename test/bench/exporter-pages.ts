/** Pages as targets serve them: `version` gives other values for the same series, in the same order. */
export type PageOptions = {
  readonly series: number
  /** Which target it is: each has pods of its own. */
  readonly target: number
  readonly version: number
}

const METRICS = [
  { name: 'container_cpu_usage_seconds_total', type: 'counter' },
  { name: 'container_memory_working_set_bytes', type: 'gauge' },
  { name: 'container_network_receive_bytes_total', type: 'counter' },
  { name: 'container_fs_reads_bytes_total', type: 'counter' },
] as const

/** As a kubelet's cAdvisor: seven labels a series, counters with fractions, whole bytes and idle zeros; 275 B a series in a write request. */
export function cadvisorPage({ series, target, version }: PageOptions): Buffer {
  const lines: string[] = []
  for (const [kind, { name, type }] of METRICS.entries()) {
    lines.push(`# HELP ${name} What the container has used.`, `# TYPE ${name} ${type}`)
    const count = Math.floor(series / METRICS.length) + (kind < series % METRICS.length ? 1 : 0)
    for (let index = 0; index < count; index++) {
      const id = ((index + 1) * 2_654_435_761 + target * 40_503) % 4_294_967_296
      const value = index % 3 === 0 ? 0 : kind === 0 ? (id % 100_000) / 7 + version * 3.7 : id + version * 4096
      const [hex, short] = [id.toString(16), id.toString(36)]
      lines.push(
        `${name}{container="orders-api",cpu="total",id="/kubepods/burstable/pod${hex}/${target}",image="shop/orders-api:v1.${index % 20}.3",name="${hex}",namespace="shop",pod="orders-api-${short}"} ${value}`,
      )
    }
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

/**
 * The text of a node-exporter with its series repeated, each time with another label `copy`, until there are `series` of them. A family stays
 * in one piece.
 */
export function nodePage(text: string, series: number): Buffer {
  const families = familiesOf(text)
  const own = families.reduce((sum, { samples }) => sum + samples.length, 0)
  if (own === 0) throw new Error('the node-exporter has no series')
  const whole = Math.floor(series / own)
  let left = series - whole * own
  const lines: string[] = []
  for (const { head, samples } of families) {
    // What is not a whole copy more is taken from the first families.
    const extra = Math.min(left, samples.length)
    left -= extra
    lines.push(...head)
    for (let copy = 0; copy < whole; copy++) for (const sample of samples) lines.push(withCopy(sample, copy))
    for (const sample of samples.slice(0, extra)) lines.push(withCopy(sample, whole))
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

type Family = { readonly head: string[]; readonly samples: string[] }

function familiesOf(text: string): readonly Family[] {
  const families: Family[] = []
  let afterSample = true
  for (const line of text.split('\n').filter((one) => one !== '')) {
    if (line.startsWith('#')) {
      if (afterSample) families.push({ head: [], samples: [] })
      afterSample = false
      families.at(-1)?.head.push(line)
    } else {
      afterSample = true
      families.at(-1)?.samples.push(line)
    }
  }
  return families
}

function withCopy(sample: string, copy: number): string {
  const end = sample.search(/[{ ]/)
  const label = `copy="${copy}"`
  return sample[end] === '{'
    ? `${sample.slice(0, end)}{${label},${sample.slice(end + 1)}`
    : `${sample.slice(0, end)}{${label}}${sample.slice(end)}`
}
