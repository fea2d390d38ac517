import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

import { errorCode } from '@clymene/model'

/** Appends lines; past `maxBytes` the file becomes `path.1`, `path.1` becomes `path.2`, …, and what is older than `keep` goes. */
export function rotatingFile({ path, maxBytes, keep }: { readonly path: string; readonly maxBytes: number; readonly keep: number }) {
  let file = openSync(path, 'a')
  let size = fstatSync(file).size
  const rotate = (): void => {
    closeSync(file)
    for (let number = keep; number > 0; number--) renameIfThere(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`)
    file = openSync(path, 'a')
    size = 0
  }
  return {
    write: (line: string): void => {
      if (size > 0 && size + line.length > maxBytes) rotate()
      size += writeSync(file, line)
    },
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
