import type { StageKind } from './stage.ts'
import { cri } from './stages/cri.ts'
import { docker } from './stages/docker.ts'
import { drop } from './stages/drop.ts'
import { json } from './stages/json.ts'
import { labelKeep } from './stages/label-keep.ts'
import { labels } from './stages/labels.ts'
import { limit } from './stages/limit.ts'
import { luhn } from './stages/luhn.ts'
import { match } from './stages/match.ts'
import { metrics } from './stages/metrics.ts'
import { multiline } from './stages/multiline.ts'
import { output } from './stages/output.ts'
import { pack } from './stages/pack.ts'
import { sampling } from './stages/sampling.ts'
import { staticLabels } from './stages/static-labels.ts'
import { tenant } from './stages/tenant.ts'
import { timestamp } from './stages/timestamp.ts'
import { truncate } from './stages/truncate.ts'

/** A new stage is one file and one line here. */
export const STAGE_KINDS: ReadonlyMap<string, StageKind> = new Map([
  ['cri', cri],
  ['docker', docker],
  ['json', json],
  ['labels', labels],
  ['output', output],
  ['static_labels', staticLabels],
  ['timestamp', timestamp],
  ['drop', drop],
  ['label_keep', labelKeep],
  ['limit', limit],
  ['luhn', luhn],
  ['match', match],
  ['metrics', metrics],
  ['multiline', multiline],
  ['pack', pack],
  ['sampling', sampling],
  ['tenant', tenant],
  ['truncate', truncate],
])

/** Stages of Promtail that are not here yet: named, so that a message can tell a gap from a slip of the pen. */
export const NOT_YET: ReadonlySet<string> = new Set([
  'decolorize',
  'eventlogmessage',
  'geoip',
  'labelallow',
  'labeldrop',
  'logfmt',
  'non_indexed_labels',
  'regex',
  'replace',
  'structured_metadata',
  'template',
])
