import type { StageKind } from './stage.ts'
import { cri } from './stages/cri.ts'
import { decolorize } from './stages/decolorize.ts'
import { docker } from './stages/docker.ts'
import { drop } from './stages/drop.ts'
import { json } from './stages/json.ts'
import { labelAllow } from './stages/label-allow.ts'
import { labelDrop } from './stages/label-drop.ts'
import { labelKeep } from './stages/label-keep.ts'
import { labels } from './stages/labels.ts'
import { limit } from './stages/limit.ts'
import { logfmt } from './stages/logfmt.ts'
import { luhn } from './stages/luhn.ts'
import { match } from './stages/match.ts'
import { metrics } from './stages/metrics.ts'
import { multiline } from './stages/multiline.ts'
import { output } from './stages/output.ts'
import { pack } from './stages/pack.ts'
import { pattern } from './stages/pattern.ts'
import { regex } from './stages/regex.ts'
import { replace } from './stages/replace.ts'
import { sampling } from './stages/sampling.ts'
import { staticLabels } from './stages/static-labels.ts'
import { structuredMetadata, structuredMetadataDrop, structuredMetadataRegex } from './stages/structured-metadata.ts'
import { template } from './stages/template.ts'
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
  ['decolorize', decolorize],
  ['labelallow', labelAllow],
  ['labeldrop', labelDrop],
  ['logfmt', logfmt],
  ['pattern', pattern],
  ['regex', regex],
  ['replace', replace],
  ['structured_metadata', structuredMetadata],
  // The name it had before.
  ['non_indexed_labels', structuredMetadata],
  ['structured_metadata_drop', structuredMetadataDrop],
  ['structured_metadata_regex', structuredMetadataRegex],
  ['template', template],
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
