import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'

import { ConfigError, errorCode } from '@clymene/model'

/** A configuration as text, and the name that its mistakes are told under. */
export type ConfigText = {
  readonly path: string
  readonly text: string
  /** There is no such file: the path is only a name. */
  readonly isBuiltIn?: boolean
}

/**
 * @param where what names the file, for the error; default is its path.
 * @throws ConfigError when the file cannot be read or is no UTF-8.
 */
export function readText(path: string, where = path): ConfigText {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new ConfigError(`${where}: ${READ_ERRORS[errorCode(error)] ?? errorCode(error)}`)
  }
  if (!isUtf8(bytes)) throw new ConfigError(`${where}: is not UTF-8`)
  return { path, text: bytes.toString('utf8') }
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'is a folder, expected a file',
}
