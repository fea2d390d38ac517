import type { StageKind } from './stage.ts'
import { cri } from './stages/cri.ts'
import { docker } from './stages/docker.ts'
import { json } from './stages/json.ts'
import { labels } from './stages/labels.ts'
import { output } from './stages/output.ts'
import { staticLabels } from './stages/static-labels.ts'
import { timestamp } from './stages/timestamp.ts'

/** A new stage is one file and one line here. */
export const STAGE_KINDS: ReadonlyMap<string, StageKind> = new Map([
  ['cri', cri],
  ['docker', docker],
  ['json', json],
  ['labels', labels],
  ['output', output],
  ['static_labels', staticLabels],
  ['timestamp', timestamp],
])

/** Stages of Promtail that are not here yet: named, so that a message can tell a gap from a slip of the pen. */
export const NOT_YET: ReadonlySet<string> = new Set([
  'decolorize',
  'drop',
  'eventlogmessage',
  'geoip',
  'labelallow',
  'labeldrop',
  'limit',
  'logfmt',
  'match',
  'metrics',
  'multiline',
  'non_indexed_labels',
  'pack',
  'regex',
  'replace',
  'sampling',
  'structured_metadata',
  'template',
  'tenant',
])
