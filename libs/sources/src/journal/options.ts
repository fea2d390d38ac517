import type { Labels } from '@clymene/model'
import type { RelabelRule } from '@clymene/relabel'
import type { StageConfig } from '@clymene/stages'

import type { EntrySourceOptions } from '../lines/entry-source-options.ts'

/** One item of `scrape_configs` that reads the journal of systemd. */
export type JournalJob = {
  readonly name: string
  /** Equal for jobs that are configured alike: a reload leaves them alone. */
  readonly fingerprint: string
  readonly pipeline: readonly StageConfig[]
  /** Of the fields of an entry, which are labels that begin with `__journal_`. */
  readonly relabel: readonly RelabelRule[]
  /** Of every entry, before relabelling. */
  readonly labels: Labels
  /** Folder of the journal; '' is where this machine has it. */
  readonly path: string
  /** `FIELD=value`, as journalctl takes them: of one field any, of several fields all. */
  readonly matches: readonly string[]
  /** How old entries may be when nothing says where to go on. */
  readonly maxAgeMs: number
  /** The line is all fields as JSON, else it is MESSAGE. */
  readonly json: boolean
}

export type JournalSourceOptions = EntrySourceOptions & {
  readonly jobs: readonly JournalJob[]
  /** Name or path of journalctl. */
  readonly program: string
  /** Folder of the cursors; it is made when it is not there. */
  readonly cursorFolder: string
  /** Promtail's positions file: its cursors are where to begin when there is no own one. */
  readonly formerPositionsPath?: string
  /** False: reads from where the cursors stand and leaves them there. Default true. */
  readonly movesCursor?: boolean
  /** Told of the entry that a job has acknowledged last, whenever its cursor moves. */
  readonly onCursor?: (job: string, cursor: string) => void
  /** Begins the names of the agent streams; each job has one. */
  readonly stream: string
}
