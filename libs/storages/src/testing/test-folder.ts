import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TestFolder = {
  /** Replaces the file at once, as a mounted secret is; returns its path. */
  readonly put: (name: string, text: string) => string
  readonly remove: () => void
}

export function createTestFolder(): TestFolder {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-'))
  return {
    put: (name, text) => {
      const path = join(directory, name)
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
      return path
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}
