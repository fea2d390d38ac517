import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { openArchiveTail } from './archive-tail.ts'
import { fingerprintOf } from './fingerprint.ts'
import { contentOf, fileAt } from './siblings.ts'

test('a compressed file of which nothing was read yet is known by its beginning', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-archive-tail-'))
  try {
    const path = join(folder, 'app.log.2.gz')
    const text = 'one\ntwo\n'
    writeFileSync(path, gzipSync(text))
    const file = fileAt(path)
    if (file === undefined) throw new Error('the file is not there')
    const nothing = (): void => undefined
    const from = { offset: 0, replayFrom: 0 }
    const tail = openArchiveTail({ file, content: contentOf(file), from, onReady: nothing, onBroken: nothing })
    expect(tail.position('j', '/logs/app.log', 1)).toMatchObject({
      fingerprint: fingerprintOf(Buffer.from(text)),
      fingerprintBytes: text.length,
      offset: 0,
      size: text.length,
    })
    tail.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
