import { spawn } from 'node:child_process'
import { dirname } from 'node:path'

import type { ImageService } from '../../tools/image-files.ts'
import { builtImage } from './built-image.ts'

export type Ended = { readonly status: number | null; readonly output: string }

/** Runs an executable of an image as a container would: its folder first on the PATH, no node_modules beside it, no variables but these. */
export async function runImage(
  service: ImageService,
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const image = await builtImage(service)
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: image,
      env: { PATH: `${image}/bin:${dirname(process.execPath)}:/usr/bin:/bin`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output }))
  })
}
