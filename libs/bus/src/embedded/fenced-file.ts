import type { OpenLogFile } from './segment-file.ts'

/** Files that take nothing any more when `assertHeld` throws: another process may have begun to write there. */
export const fencedBy =
  (assertHeld: () => void, open: OpenLogFile): OpenLogFile =>
  async (path) => {
    // It may be made by that.
    assertHeld()
    const file = await open(path)
    const held = async <T>(act: () => Promise<T>): Promise<T> => {
      assertHeld()
      return act()
    }
    return {
      read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
      writev: (buffers, position) => held(() => file.writev(buffers, position)),
      datasync: () => file.datasync(),
      truncate: (length) => held(() => file.truncate(length)),
      stat: () => file.stat(),
      close: () => file.close(),
    }
  }
