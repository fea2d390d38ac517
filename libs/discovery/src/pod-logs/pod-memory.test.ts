import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { PodDescription } from './description.ts'
import { createPodMemory } from './pod-memory.ts'

const WEB: PodDescription = {
  labels: [
    ['__proto__', 'x'],
    ['app', 'ünï\n"'],
  ],
  containers: [['main', [['image', 'i']]]],
}
const OTHER: PodDescription = { labels: [], containers: [] }

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-pod-memory-'))
  path = join(folder, 'deeper', 'pods.json')
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const memoryAt = (file = { path, mayWrite: true }, logger: Logger = silentLogger) => createPodMemory({ file, logger })

describe('createPodMemory', () => {
  test('another process knows what one knew', async () => {
    const before = memoryAt()
    await before.load()
    before.describe('a', OTHER)
    before.describe('a', WEB)
    before.describe('b', OTHER)
    before.forget('b')
    await before.close()
    const after = memoryAt()
    await after.load()
    expect(after.descriptionOf('a')).toEqual(WEB)
    expect(after.descriptionOf('b')).toBeUndefined()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await after.close()
  })

  test('what is known since goes before what was kept', async () => {
    const before = memoryAt()
    before.describe('a', OTHER)
    await before.close()
    const after = memoryAt()
    after.describe('a', WEB)
    await after.load()
    expect(after.descriptionOf('a')).toEqual(WEB)
    await after.close()
  })

  test('it is kept a second after it changed, and not again when nothing did', async () => {
    const memory = memoryAt()
    memory.describe('a', WEB)
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), { timeout: 10_000, interval: 20 })
    await memory.close()
    rmSync(path)
    memory.describe('a', structuredClone(WEB))
    memory.forget('nobody')
    await memory.close()
    expect(existsSync(path)).toBe(false)
  })

  test('pods that nobody asked for are not kept for ever', async () => {
    const before = memoryAt()
    before.describe('gone', WEB)
    await before.close()
    vi.useFakeTimers({ toFake: ['performance'], now: 0 })
    const after = memoryAt()
    await after.load()
    vi.advanceTimersByTime(11 * 60_000)
    after.describe('here', OTHER)
    await after.close()
    expect(readFileSync(path, 'utf8')).toBe('["here",[],[]]\n')
  })

  test('who may not write only reads', async () => {
    const before = memoryAt()
    before.describe('a', WEB)
    await before.close()
    const text = readFileSync(path, 'utf8')
    const reader = memoryAt({ path, mayWrite: false })
    await reader.load()
    reader.describe('b', WEB)
    await reader.close()
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('when logs were first seen, until they are gone', () => {
    const memory = createPodMemory({ logger: silentLogger })
    const first = memory.firstSeenMs('a')
    expect(memory.firstSeenMs('a')).toBe(first)
    memory.forget('a')
    expect(memory.firstSeenMs('a')).toBeGreaterThan(first)
  })

  test.each(['{', '["a"]\n', '["a",[["x"]],[]]\n', '["a",[],[["c",5]]]\n', 'null\n', '{"a":1}\n'])(
    'a broken file is told and does not stop the start: %j',
    async (text) => {
      const warnings: object[] = []
      const logger: Logger = { ...silentLogger, warn: (message, fields) => void warnings.push({ message, ...fields }) }
      const file = join(folder, 'pods.json')
      writeFileSync(file, text)
      const memory = memoryAt({ path: file, mayWrite: true }, logger)
      await memory.load()
      expect(memory.descriptionOf('a')).toBeUndefined()
      expect(warnings).toEqual([
        {
          message: 'what was known of pods cannot be read, the API server is asked for it',
          path: file,
          error: 'line 1 is no description of a pod',
        },
      ])
    },
  )

  test('a folder that cannot be written is told once', async () => {
    const warnings: string[] = []
    const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) }
    writeFileSync(join(folder, 'deeper'), 'no folder')
    const memory = memoryAt({ path, mayWrite: true }, logger)
    for (const key of ['a', 'b']) {
      memory.describe(key, WEB)
      await memory.close()
    }
    expect(warnings).toEqual(['what is known of pods cannot be kept, after a restart the API server is asked again'])
  })
})
