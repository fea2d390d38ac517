import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces the file whole: after a crash or a power cut it has the old text or the new one, never a mixture. */
export async function writeFileDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** Makes names that were created, renamed or removed in the directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
