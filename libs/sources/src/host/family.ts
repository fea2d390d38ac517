import type { Labels } from '@clymene/model'

/** A metric family as node-exporter names it. */
export type Family = {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'untyped'
  readonly help: string
  readonly samples: readonly FamilySample[]
}

export type FamilySample = { readonly labels: Labels; readonly value: number }

/** A family of one sample without labels. */
export const single = (type: Family['type'], name: string, help: string, value: number): Family => ({
  name,
  type,
  help,
  samples: [{ labels: [], value }],
})

/** One kind of reading. It may reject: the others are not hurt. */
export type Collector = {
  /** As node-exporter calls it. */
  readonly name: string
  readonly collect: (root: HostRoot) => Promise<readonly Family[]>
}

/** Where the kernel shows itself: elsewhere when a container looks at its node. */
export type HostRoot = {
  readonly proc: string
  readonly sys: string
  /** What the mount points of `proc` are relative to. */
  readonly rootfs: string
}

/** The Prometheus text of families. */
export function formatFamilies(families: readonly Family[]): string {
  return families.map(formatFamily).join('')
}

function formatFamily({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => {
    const inner = labels.map(([label, text]) => `${label}="${escape(text)}"`).join(',')
    return `${name}{${inner}} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
