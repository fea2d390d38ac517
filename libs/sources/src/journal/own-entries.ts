import { fstatSync } from 'node:fs'

import type { JournalEntry } from './journal-entry.ts'

/**
 * Whether this program wrote an entry. Such are never sent: what is said about reading would be read, and said about, for ever.
 */
export type OwnEntries = (entry: JournalEntry) => boolean

export type OwnEntriesOptions = {
  readonly env: NodeJS.ProcessEnv
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly startedMs: number
  /** `device:inode` of standard output and standard error. */
  readonly outputs: readonly string[]
}

/**
 * systemd says in `JOURNAL_STREAM` to which socket the journal listens; who has it not as its output, in a container say, is no process that the journal
 * knows by this number. Numbers come again: an earlier process of ours has another invocation, or wrote before the start.
 *
 * @see systemd.exec(5), `$INVOCATION_ID` and `$JOURNAL_STREAM`
 */
export function createOwnEntries({ env, pid, startedMs, outputs }: OwnEntriesOptions = thisProcess()): OwnEntries {
  const { JOURNAL_STREAM: stream = '', INVOCATION_ID: invocation = '' } = env
  if (!outputs.includes(stream)) return () => false
  return ({ fields, realtimeUs }) => {
    if (fields.get('_PID')?.[0] !== String(pid)) return false
    const itsInvocation = fields.get('_SYSTEMD_INVOCATION_ID')?.[0]
    return invocation === '' || itsInvocation === undefined ? Number(realtimeUs) / 1000 >= startedMs : itsInvocation === invocation
  }
}

const thisProcess = (): OwnEntriesOptions => ({
  env: process.env,
  pid: process.pid,
  startedMs: performance.timeOrigin,
  outputs: [1, 2].flatMap(placeOf),
})

function placeOf(descriptor: number): readonly string[] {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return [`${dev}:${ino}`]
  } catch {
    return []
  }
}
