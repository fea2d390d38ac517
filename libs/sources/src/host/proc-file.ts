import { readFile } from 'node:fs/promises'

/** Lines of a file of the kernel, without the empty ones. */
export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Words between blanks. */
export const wordsOf = (line: string): string[] => line.trim().split(/\s+/)

/** A number of the kernel. @throws Error naming the place when it is none. */
export function numberIn(text: string | undefined, where: string): number {
  const value = Number(text)
  if (text === undefined || text === '' || Number.isNaN(value))
    throw new Error(`${where}: expected a number, found ${JSON.stringify(text ?? '')}`)
  return value
}

export const readText = (path: string): Promise<string> => readFile(path, 'utf8')

/** Undefined when the file is not there or cannot be read now (a network card that is down says EINVAL). */
export const readTextIfAny = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
