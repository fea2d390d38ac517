import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { readTargetFile } from './target-file.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clymene-target-file-'))
})
afterEach(() => rm(folder, { recursive: true }))

test.each([
  ['a.json', '[{"targets": ["a:1"], "labels": {"token": s3cret}}]', 'is not JSON at line 1, column 43'],
  ['a.json', '[\n  {"targets": ["a:1"],\n', 'is not JSON at line 3, column 1'],
  ['a.JSON', '', 'is not JSON at line 1, column 1'],
  ['a.yml', '- targets: [a:1\n  labels', 'is not YAML at line 2, column 3'],
])('%s with %j: %s', async (name, text, said) => {
  const path = join(folder, name)
  await writeFile(path, text)
  await expect(readTargetFile(path)).rejects.toThrow(new ConfigError(`${path}: ${said}`))
})
