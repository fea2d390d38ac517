import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { openEmbeddedBus } from './embedded-bus.ts'
import { openLogFile, type OpenLogFile } from './segment-file.ts'
import { message, never, produce, readRest, recordingLogger, sequencesOf, temporaryDirectory, upTo } from './test-kit.ts'

const PARTITION = join('topics', 't', '0')

/** A disk that knows how much of each file was synced: the rest is in the memory of the machine only. */
function createForgetfulDisk() {
  const synced = new Map<string, number>()
  const open: OpenLogFile = async (path) => {
    const file = await openLogFile(path)
    return {
      read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
      writev: (buffers, position) => file.writev(buffers, position),
      truncate: (length) => file.truncate(length),
      stat: () => file.stat(),
      close: () => file.close(),
      datasync: async () => {
        const { size } = await file.stat()
        await file.datasync()
        synced.set(path, size)
      },
    }
  }
  return { open, syncedOf: (path: string): number => synced.get(path) ?? 0 }
}
type Disk = ReturnType<typeof createForgetfulDisk>

/** What a machine finds after a power cut: of each segment what was synced, and so many bytes behind it, as written or zeros. */
function cutPower(directory: string, { syncedOf }: Disk, further: number, zeros: boolean): string {
  const copy = temporaryDirectory()
  cpSync(directory, copy, { recursive: true })
  for (const name of readdirSync(join(copy, PARTITION))) {
    const path = join(copy, PARTITION, name)
    const synced = syncedOf(join(directory, PARTITION, name))
    truncateSync(path, Math.min(statSync(path).size, synced + further))
    if (zeros) writeFileSync(path, readFileSync(path).fill(0, synced))
  }
  const lock = join(copy, 'lock')
  writeFileSync(lock, readFileSync(lock, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"the one before"'))
  return copy
}

test('a power cut takes at most what was appended since the last sync', { timeout: 60_000 }, async () => {
  const further = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 }), fc.constant(1e9))
  const sizes = (minLength: number) => fc.array(fc.integer({ min: 0, max: 9000 }), { minLength, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(sizes(1), sizes(0), further, fc.boolean(), fc.boolean(), async (before, after, bytes, zeros, syncsEach) => {
      const directory = temporaryDirectory()
      const disk = createForgetfulDisk()
      const settings = { maxMessageBytes: 64 * 1024, segmentBytes: 16 * 1024, housekeepingMs: 0 }
      // Once a millisecond stands for once a second: nobody waits for the clock, but for the sync.
      const interval = { fsyncIntervalMs: syncsEach ? 0 : 1 }
      const bus = await openEmbeddedBus({ ...settings, ...interval, directory, openFile: disk.open })
      for (const [sequence, size] of before.entries()) await produce(bus, 't', message(sequence, size))
      await vi.waitFor(() => expect(unsynced(directory, disk)).toBe(0), { timeout: 20_000, interval: 1 })
      // These are acknowledged, and the power goes before the next sync, or after it.
      for (const [index, size] of after.entries()) await produce(bus, 't', message(before.length + index, size))
      const cut = cutPower(directory, disk, bytes, zeros)
      await bus.close()

      const logger = recordingLogger()
      const again = await openEmbeddedBus({ ...settings, ...interval, directory: cut, logger })
      const [lag] = await again.lag('t', 'g', never())
      await produce(again, 't', message(1000))
      const records = await readRest(again, 't', 'g')
      await again.close()
      const found = sequencesOf(records).slice(0, -1)
      expect(found).toEqual(upTo(found.length))
      expect(found.length).toBeGreaterThanOrEqual(before.length)
      if (syncsEach) expect(found).toHaveLength(before.length + after.length)
      // What was lost may have been read: its offsets are never given again.
      if (!syncsEach) expect(Number(lag?.end)).toBeGreaterThanOrEqual(before.length + after.length)
      expect(logger.lines.filter(({ level }) => level === 'error').map(({ message: text }) => text)).toEqual(
        syncsEach ? [] : ['the machine stopped: messages of the last fsync interval may be lost'],
      )
      for (const path of [directory, cut]) rmSync(path, { recursive: true, force: true })
    }),
    { numRuns: 40 },
  )
})

const unsynced = (directory: string, { syncedOf }: Disk): number =>
  readdirSync(join(directory, PARTITION), { withFileTypes: true })
    .map(({ name }) => join(directory, PARTITION, name))
    .reduce((sum, path) => sum + Math.max(0, statSync(path).size - syncedOf(path)), 0)
