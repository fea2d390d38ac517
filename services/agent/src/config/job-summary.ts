import type { StageConfig } from '@clymene/stages'

import type { Section } from './section.ts'

/** A log job in a line: its name, what it reads and what becomes of lines, and where it stands. */
export function jobSummary(
  section: Section,
  { name, pipeline }: { readonly name: string; readonly pipeline: readonly StageConfig[] },
  reads: string,
): string {
  const stages = pipeline.length === 0 ? 'no stages' : `stages ${pipeline.map((stage) => stage.name).join(', ')}`
  return `log job ${JSON.stringify(name)}: ${reads}, ${stages} (${section.where().replace(/: .*$/s, '')})`
}
