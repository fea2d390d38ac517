import { readFileSync } from 'node:fs'

/** What a tree of processes has used, read from /proc. */
export type Usage = {
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly residentBytes: number
  readonly threads: number
  readonly processes: number
}

const CLOCK_TICKS = 100
const PAGE = 4096

export function usageOf(pid: number): Usage {
  const all = treeOf(pid).flatMap((member) => {
    // After the name, which may hold anything, fields 3 and on of proc(5): times are 14 and 15, with ended children 16 and 17.
    const fields = read(`/proc/${member}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ')
      .map(Number)
    if (fields === undefined) return []
    const field = (number: number): number => fields[number - 3] ?? 0
    return [{ user: field(14) + field(16), system: field(15) + field(17), threads: field(20), pages: field(24) }]
  })
  const sum = (value: (one: (typeof all)[number]) => number): number => all.reduce((total, one) => total + value(one), 0)
  return {
    userSeconds: sum(({ user }) => user) / CLOCK_TICKS,
    systemSeconds: sum(({ system }) => system) / CLOCK_TICKS,
    residentBytes: sum(({ pages }) => pages) * PAGE,
    threads: sum(({ threads }) => threads),
    processes: all.length,
  }
}

export type Traffic = Readonly<Record<'bytes' | 'packets' | 'errors' | 'dropped', { readonly receive: number; readonly transmit: number }>>

/** Of eth0 in the network namespace of a process. */
export function trafficOf(pid: number): Traffic {
  const numbers = (/^\s*eth0:(.*)$/m.exec(read(`/proc/${pid}/net/dev`) ?? '')?.[1] ?? '').trim().split(/\s+/).map(Number)
  const pair = (index: number) => ({ receive: numbers[index] ?? 0, transmit: numbers[index + 8] ?? 0 })
  return { bytes: pair(0), packets: pair(1), errors: pair(2), dropped: pair(3) }
}

function treeOf(pid: number): number[] {
  if (pid === 0) return []
  const children = read(`/proc/${pid}/task/${pid}/children`)?.trim().split(' ').filter(Boolean).map(Number) ?? []
  return [pid, ...children.flatMap(treeOf)]
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
