import { accessSync, constants } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { errorCode } from '@clymene/model'

import type { Section } from './section.ts'

/**
 * Files of credentials and certificates that a job names, its discoverers among it, and that cannot be read now, a line each with
 * the place. They may come later: what needs one fails until then.
 */
export const missingFiles = (section: Section, path: string): readonly string[] =>
  section.scalars().flatMap(({ key, where, text }) => {
    if (text === '' || !(key.endsWith('_file') || (key === 'files' && where.includes('.http_headers.')))) return []
    const file = resolve(dirname(path), text)
    const reason = whyUnreadable(file)
    return reason === undefined ? [] : [`${where}: cannot read ${file}: ${reason}`]
  })

function whyUnreadable(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK)
    return undefined
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'no such file' : 'no permission to read it'
  }
}
