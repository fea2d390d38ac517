import type { Section } from './section.ts'

/** Reads `job_name` of each section: it has to be there, and once only, since positions, metrics and reloads go by it. */
export function readJobNames(sections: readonly Section[], path: string): readonly string[] {
  const seen = new Set<string>()
  return sections.map((section) => {
    const name = section.string('job_name', '')
    if (name === '') section.mistake(undefined, 'job_name: expected a name')
    else if (seen.has(name)) section.mistake('job_name', `${JSON.stringify(name)} is used by another job of ${path}`)
    seen.add(name)
    return name
  })
}
