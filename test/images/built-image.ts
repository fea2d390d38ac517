import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { type ImageService, layOutImage } from '../../tools/image-files.ts'
import { withLock } from '../engines/cache.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'

/** Where the steps of a whole run share them; test/run.ts sets it. */
const SHARED = 'TEST_IMAGES'

const built = new Map<ImageService, Promise<string>>()
let directory: string | undefined

/** The folder of a service's image (tools/image-files.ts), bundled once a run, or once a process where only a few tests run. It is only to be read. */
export function builtImage(service: ImageService): Promise<string> {
  const image = built.get(service) ?? build(service)
  built.set(service, image)
  return image
}

async function build(service: ImageService): Promise<string> {
  directory ??= process.env[SHARED] ?? ownDirectory()
  const path = join(directory, service)
  await withLock(`image-${service}`, async () => {
    // Another process may have done it while this one waited.
    if (existsSync(path)) return
    const scratch = `${path}.making`
    rmSync(scratch, { recursive: true, force: true })
    mkdirSync(scratch, { recursive: true })
    await layOutImage(service, scratch)
    renameSync(scratch, path)
  })
  return path
}

function ownDirectory(): string {
  const own = makeDataDirectory('images')
  process.on('exit', () => rmSync(own, { recursive: true, force: true }))
  return own
}
