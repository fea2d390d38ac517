import { errorMessage } from '@clymene/model'
import { secretFile } from '@clymene/runtime'

/** The token of `--token-file`; undefined where none is given. A file that cannot be read goes to `mistakes`. */
export function readToken(path: string, mistakes: string[]): string | undefined {
  if (path === '') return undefined
  try {
    return secretFile(path)()
  } catch (error) {
    mistakes.push(`--token-file=${JSON.stringify(path)}: ${errorMessage(error)}`)
    return undefined
  }
}
