import { followFile } from './followed-file.ts'

/** A secret as it is now. @throws Error naming where it comes from, never what it is */
export type Secret = () => string

export const secretText =
  (text: string): Secret =>
  () =>
    text

/** The content of a file without blanks and line ends around it, as Prometheus takes it, read again when the file changes. An empty file is an error. */
export function secretFile(path: string): Secret {
  const file = followFile(path)
  return () => {
    const text = file.read().toString('utf8').trim()
    if (text === '') throw new Error(`cannot use ${path}: it is empty`)
    return text
  }
}
