import { readFileSync } from 'node:fs'

export type Usage = { readonly cpuSeconds: number; readonly peakBytes: number }

/** Linux counts the time of a process in hundredths of a second, whatever its kernel's own clock is. */
const TICKS_PER_SECOND = 100

/** CPU time of a process so far, in user mode and in the kernel for it, all its threads together, and its VmHWM. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The program's name stands in parentheses and may hold spaces; the fields behind it start with the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, peakBytes: Number(peak ?? 0) * 1024 }
}

/** What the process has in memory now (VmRSS). */
export const residentBytes = (pid: number): number => statusBytes(pid, 'VmRSS')

/** Of it what is no page of a file (RssAnon): the rest is Node's program, which processes of one image share. */
export const ownBytes = (pid: number): number => statusBytes(pid, 'RssAnon')

const statusBytes = (pid: number, name: string): number =>
  Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
