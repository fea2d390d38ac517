import type { Section } from './section.ts'

/**
 * Reads `job_name` of each section: it has to be there, and once only, since positions, metrics and reloads go by it.
 *
 * @param used where each name was found, for several files that share their names.
 */
export function readJobNames(sections: readonly Section[], path: string, used = new Map<string, string>()): readonly string[] {
  return sections.map((section) => {
    const name = section.string('job_name', '')
    const other = used.get(name)
    if (name === '') section.mistake(undefined, 'job_name: expected a name')
    else if (other !== undefined) section.mistake('job_name', `${JSON.stringify(name)} is used by another job of ${other}`)
    else used.set(name, path)
    return name
  })
}
