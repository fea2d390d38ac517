import { openLogFile, type LogFile, type OpenLogFile } from './segment-file.ts'

/**
 * A disk for tests that takes so many bytes more, then says ENOSPC after a part of the write, as real ones do. What
 * replaces bytes that are there needs no room.
 */
export type FullDisk = { readonly open: OpenLogFile; left: number; failSync: boolean; writes: number; syncs: number }

export function createFullDisk(left: number): FullDisk {
  const disk: FullDisk = {
    left,
    failSync: false,
    writes: 0,
    syncs: 0,
    open: async (path) => limited(await openLogFile(path), disk),
  }
  return disk
}

const limited = (file: LogFile, disk: FullDisk): LogFile => ({
  read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
  truncate: (length) => file.truncate(length),
  stat: () => file.stat(),
  close: () => file.close(),
  datasync: async () => {
    disk.syncs++
    if (disk.failSync) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    await file.datasync()
  },
  writev: async (buffers, position) => {
    disk.writes++
    const whole = Buffer.concat(buffers)
    const { size } = await file.stat()
    const part = whole.subarray(0, Math.max(0, size - position) + disk.left)
    if (part.length === 0 && whole.length > 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    disk.left -= Math.max(0, position + part.length - size)
    return file.writev([part], position)
  },
})
