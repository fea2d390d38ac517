import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import type { Plugin } from 'esbuild'

/** Where `path` leads from `importer`: of copies of a package, which npm lays beside each library when the root has another version, always the same. */
export type ResolveOnce = (path: string, importer: string) => string

export function createResolveOnce(): ResolveOnce {
  const copies = new Map<string, string>()
  return (path, importer) => {
    const resolved = createRequire(importer).resolve(path)
    const folder = join(resolved.slice(0, resolved.lastIndexOf('/node_modules/')), 'node_modules', path)
    const manifest = readFileSync(join(folder, 'package.json'), 'utf8')
    const copy = copies.get(manifest) ?? resolved
    copies.set(manifest, copy)
    return copy
  }
}

/** A bundle has these once: four copies of `yaml` were a tenth of its text. */
export const oneCopy: Plugin = {
  name: 'one-copy',
  setup: (build) => {
    const resolve = createResolveOnce()
    build.onResolve({ filter: /^yaml$/ }, ({ path, importer }) => ({ path: resolve(path, importer) }))
  },
}
