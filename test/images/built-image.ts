import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { type ImageService, layOutImage } from '../../tools/image-files.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'

/** Where the steps of a whole run share them; test/run.ts sets it. */
const SHARED = 'TEST_IMAGES'

const built = new Map<ImageService, Promise<string>>()
let directory: string | undefined

/** The folder of a service's image (tools/image-files.ts), bundled once a run, or once a process where only a few tests run: what it leaves goes with the next one's. It is only to be read. */
export function builtImage(service: ImageService): Promise<string> {
  const image = built.get(service) ?? build(service)
  built.set(service, image)
  return image
}

async function build(service: ImageService): Promise<string> {
  directory ??= process.env[SHARED] ?? makeDataDirectory('images')
  const path = join(directory, service)
  if (existsSync(path)) return path
  mkdirSync(directory, { recursive: true })
  const scratch = mkdtempSync(`${path}.making-`)
  // Pods read it as users of their own.
  chmodSync(scratch, 0o755)
  await layOutImage(service, scratch)
  try {
    renameSync(scratch, path)
  } catch (error) {
    // Another process has done it meanwhile.
    if (!existsSync(path)) throw error
    rmSync(scratch, { recursive: true, force: true })
  }
  return path
}
