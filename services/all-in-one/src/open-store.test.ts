import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, onTestFinished, test } from 'vitest'

import { openStore } from './open-store.ts'

test('a directory in use is what is blamed, no size', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'clymene-open-store-'))
  onTestFinished(() => rmSync(dataDirectory, { recursive: true }))
  const storageValues = {
    'embedded.max-bytes': 64 * 1024 * 1024,
    'embedded.max-age': 3_600_000,
    'embedded.max-series': 10,
    'embedded.max-streams': 10,
  }
  const open = () => openStore({ dataDirectory, storageValues, metrics: createMetrics(), logger: silentLogger })
  const first = await open()
  onTestFinished(first.close)
  await expect(open()).rejects.toMatchObject({
    name: 'ConfigError',
    mistakes: [
      `--data.dir=${JSON.stringify(dataDirectory)}: embedded store ${join(dataDirectory, 'store', 'store.db')}: in use by another process`,
    ],
  })
})
