import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

import { errorCode } from '@clymene/model'

/** The process that a lock names. */
export type Holder = {
  /** No other lock has it: a pid may be anybody's. */
  readonly id: string
  readonly pid: number
  /** When the process began, as its system counts; empty where that does not tell. */
  readonly started: string
  /** Empty where the system does not tell. */
  readonly boot: string
  /** Where the pid counts: containers of one machine have each their own. Undefined in a lock that does not say. */
  readonly pidNamespace: string | undefined
  readonly host: string
  readonly syncedLater: boolean
}

/** `unseen`: of another container of this machine, which only what it does to its lock can tell. */
export type HolderState = 'alive' | 'dead' | 'unseen'

export const thisProcess = (syncedLater: boolean): Holder => ({
  id: randomUUID(),
  pid: process.pid,
  started: fieldsOf('self')?.started ?? '',
  boot: bootId(),
  pidNamespace: pidNamespace(),
  host: hostname(),
  syncedLater,
})

export const nameOf = ({ pid, host }: Holder): string => `process ${pid}${host === '' ? '' : ` of ${host}`}`

/** @returns undefined for what names no process */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(text)
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || typeof holder.pid !== 'number') return undefined
    return {
      id: 'id' in holder ? String(holder.id) : '',
      pid: holder.pid,
      started: 'started' in holder ? String(holder.started) : '',
      boot: 'boot' in holder ? String(holder.boot) : '',
      pidNamespace: 'pidNamespace' in holder ? String(holder.pidNamespace) : undefined,
      host: 'host' in holder ? String(holder.host) : '',
      syncedLater: !('syncedLater' in holder) || holder.syncedLater === true,
    }
  } catch {
    return undefined
  }
}

export function stateOf({ pid, started, boot, pidNamespace: namespace }: Holder): HolderState {
  if (boot !== bootId()) return 'dead'
  if (namespace !== undefined && !isOurs(namespace)) return 'unseen'
  // What this process holds it knows by itself: this one had its number before.
  if (pid === process.pid) return 'dead'
  return isAlive(pid, started) ? 'alive' : 'dead'
}

/** Where there are no namespaces every process sees every other. */
const isOurs = (namespace: string): boolean => namespace === pidNamespace() && (namespace !== '' || bootId() === '')

function isAlive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
  const now = fieldsOf(String(pid))
  // Another program may have got the number since; where the system does not tell, it counts as alive.
  if (now === undefined) return true
  return !now.isOver && (started === '' || now.started === started)
}

/**
 * Of `/proc/<pid>/stat` (Linux, proc_pid_stat(5)): state, field 3; threads, 20; the beginning, 22, in ticks since the machine's.
 * A zombie has ended and nobody has asked yet how; while it has threads one of them may be about to write.
 */
function fieldsOf(pid: string): { readonly started: string; readonly isOver: boolean } | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The name in field 2 may contain blanks and parentheses: fields are counted from behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const started = fields?.[19]
  if (fields === undefined || started === undefined) return undefined
  return { started, isOver: 'ZXx'.includes(fields[0] ?? '') && Number(fields[17]) <= 1 }
}

const bootId = (): string => readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
